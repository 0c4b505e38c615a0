//! event_queue
