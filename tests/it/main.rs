//! The integration tests, one binary: cases found by walking `fixtures/`, the command line, properties, rules about the
//! code itself.

mod cases;
mod support;
