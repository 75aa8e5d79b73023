//! Start-up in the machine format, under the key `startup`.
//!
//! ```text
//! { "entries": [{ "module", "path", "before-ms", "after-ms", "saved-ms",
//!                 "loads-before": [module], "loads-after": [module], "unmeasured": [module],
//!                 "stays": [{ "module", "import-ms", "chain": [{ "module", "path", "start" }],
//!                             "kept": { "path", "start", "code", "why" },
//!                             "plan": { "imports": [{ "path", "start", "statement", "module" }],
//!                                       "chain": [...], "blocked-by": [...] } }] }],
//!   "counted-separately": [module] }
//! ```
//!
//! `path` and `start` of a link are absent where no import leads on: at the end, and from a module to its package. `code` is
//! the refusal, absent if there is none. `plan` is there with `--plan`: either `imports`, which `pin = "function"` on each
//! `module` moves, or `chain` and `blocked-by`.

use serde::Serialize;

use super::{PlaceObject, place};
use crate::name::ModuleName;
use crate::outcome::{ChainLink, EntryTime, Kept, Pinned, Startup, Stays, Way, Why};
use crate::report::startup::sentence;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct StartupObject<'a> {
    entries: Vec<EntryObject<'a>>,
    counted_separately: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct EntryObject<'a> {
    module: &'a str,
    path: &'a str,
    before_ms: f64,
    after_ms: f64,
    saved_ms: f64,
    loads_before: Vec<&'a str>,
    loads_after: Vec<&'a str>,
    unmeasured: Vec<&'a str>,
    stays: Vec<StaysObject<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct StaysObject<'a> {
    module: &'a str,
    import_ms: Option<f64>,
    chain: Vec<LinkObject<'a>>,
    kept: Option<KeptObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanObject<'a>>,
}

#[derive(Serialize)]
struct LinkObject<'a> {
    module: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<PlaceObject>,
}

#[derive(Serialize)]
struct KeptObject<'a> {
    path: &'a str,
    start: PlaceObject,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    why: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case", untagged)]
enum PlanObject<'a> {
    Imports {
        imports: Vec<PinnedObject<'a>>,
    },
    #[serde(rename_all = "kebab-case")]
    Blocked {
        chain: Vec<LinkObject<'a>>,
        blocked_by: Vec<KeptObject<'a>>,
    },
}

#[derive(Serialize)]
struct PinnedObject<'a> {
    path: &'a str,
    start: PlaceObject,
    statement: &'a str,
    module: &'a str,
}

pub(super) fn startup(startup: &Startup) -> StartupObject<'_> {
    StartupObject { entries: startup.entries.iter().map(entry).collect(), counted_separately: names(&startup.separate) }
}

fn entry(entry: &EntryTime) -> EntryObject<'_> {
    EntryObject {
        module: entry.module.as_str(),
        path: &entry.path,
        before_ms: entry.before_ms,
        after_ms: entry.after_ms,
        saved_ms: entry.before_ms - entry.after_ms,
        loads_before: names(&entry.loads_before),
        loads_after: names(&entry.loads_after),
        unmeasured: names(&entry.unmeasured),
        stays: entry.stays.iter().map(stays).collect(),
    }
}

fn names(modules: &[ModuleName]) -> Vec<&str> {
    modules.iter().map(ModuleName::as_str).collect()
}

fn stays(stays: &Stays) -> StaysObject<'_> {
    StaysObject {
        module: stays.module.as_str(),
        import_ms: stays.import_ms,
        chain: stays.chain.iter().map(link).collect(),
        kept: stays.kept.as_ref().map(kept),
        plan: stays.way.as_ref().map(plan),
    }
}

fn link(link: &ChainLink) -> LinkObject<'_> {
    LinkObject {
        module: link.module.as_str(),
        path: link.import.as_ref().map(|(path, _)| path.as_str()),
        start: link.import.as_ref().map(|(_, start)| place(*start)),
    }
}

fn kept(kept: &Kept) -> KeptObject<'_> {
    let code = match &kept.why {
        Why::Refused(code) => Some(code.name()),
        _ => None,
    };
    KeptObject { path: &kept.path, start: place(kept.place), code, why: sentence(&kept.why) }
}

fn plan(way: &Way) -> PlanObject<'_> {
    match way {
        Way::Imports(imports) => PlanObject::Imports { imports: imports.iter().map(pinned).collect() },
        Way::Blocked { chain, by } => {
            PlanObject::Blocked { chain: chain.iter().map(link).collect(), blocked_by: by.iter().map(kept).collect() }
        }
    }
}

fn pinned(pinned: &Pinned) -> PinnedObject<'_> {
    PinnedObject {
        path: &pinned.path,
        start: place(pinned.place),
        statement: &pinned.statement,
        module: pinned.module.as_str(),
    }
}
