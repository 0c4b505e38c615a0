//! Puts the parts together: events, dispatch, delivery, steps.
