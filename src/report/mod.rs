//! Record to files: csv, charts, html.
