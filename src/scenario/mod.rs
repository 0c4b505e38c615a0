//! Scenario files: what a user wrote (`schema`) is loaded, checked rule by rule and made a [`Plan`] that
//! is plain data and valid by construction. Reads files; runs nothing and knows no component.
