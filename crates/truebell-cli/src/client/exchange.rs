//! One exchange, judged: every answer passes through `classify()` here and nowhere else.
