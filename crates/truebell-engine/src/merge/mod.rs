//! Three versions of an item become one, and no edit is lost.
