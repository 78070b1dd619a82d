//! Moves of whole databases, with people writing all the time, and with a crash at every point.

mod crashes;
mod desk;
mod refusals;
mod troubles;
mod whole;
mod world;
