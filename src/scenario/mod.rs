//! Scenario files: schema, load, checks, Plan.
