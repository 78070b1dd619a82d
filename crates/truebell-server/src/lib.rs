//! Who asks: the HTTP server, its jobs, its mail and its configuration. Never here: a decision the core or the store makes.

pub mod config;
