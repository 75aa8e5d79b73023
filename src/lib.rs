//! hotcold decides for each configured Python module whether its imports belong at module level or in the functions
//! that use them, and rewrites the source so.
//!
//! # Codemap, in reading order
//!
//! Source text becomes a [`python::Module`], which a [`semantic::Model`] gives meaning to; [`project::Project`] knows who
//! reads whose names; [`policy`] turns evidence into a verdict; [`plan`] turns a verdict into a move or a refusal;
//! [`edit`] turns moves into text edits; [`verify`] proves them; [`startup`] tells what they bring; [`report`] prints;
//! [`track`] does the same for usage logging; [`source`] reads and writes files; [`measure`] runs the user's Python.
//!
//! # Invariants
//!
//! * Only `python/` names tree-sitter; `semantic` knows nothing of policy and `policy` nothing of syntax.
//! * No file, process or clock outside `source`, `measure`, `bot`, `config`'s loader and `main`.
//! * Nothing unproven reaches disk or a diff: sinks take a [`verify::Rewrite`], and only [`verify::prove`] makes one.

pub mod cli;
pub mod pipeline;
pub mod track;

pub mod name;
pub mod text;

pub mod python;
pub mod semantic;

pub mod project;

pub mod config;
pub mod evidence;
pub mod policy;

pub mod edit;
pub mod plan;
pub mod sort;
pub mod verify;

pub mod bot;
pub mod measure;
pub mod outcome;
pub mod report;
pub mod source;
pub mod startup;
