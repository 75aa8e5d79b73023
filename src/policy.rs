//! The rule: from the evidence about a module to the place where its imports belong. Pure and total.
//! Nothing here knows syntax, files or reports; the standard exception comment is here because it states the verdict.

mod comment;
mod cost;

use std::fmt;

pub use comment::{
    exception_comment, exception_comments_in, find_exception_comment, parse_exception_comment,
    without_exception_comments,
};
pub use cost::{Cost, CostModel, Costs, Factor};

use crate::evidence::{ModuleEvidence, Pin};

/// The numbers of the rule. Finite and in range: the configuration has checked them.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub heavy_ms: f64,
    pub hot_percent: f64,
    pub daily_requests: f64,
    pub cold_start_percent: f64,
    pub lazy_load_overhead_ms: f64,
    pub cost_model: CostModel,
    /// `false`: strict function level for everything heavy.
    pub hot_path_exceptions: bool,
    /// Set: modules below it, and frequent ones between it and `heavy_ms`, belong at module level.
    pub light_ms: Option<f64>,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            heavy_ms: 100.0,
            hot_percent: 80.0,
            daily_requests: 10_000.0,
            cold_start_percent: 10.0,
            lazy_load_overhead_ms: 0.5,
            cost_model: CostModel::PerRequest,
            hot_path_exceptions: true,
            light_ms: None,
        }
    }
}

/// Where the imports of a module belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Module,
    Function,
    /// Wherever they are.
    Leave,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    Pinned,
    Unmeasured,
    Light,
    NotHeavy,
    Frequent,
    Infrequent,
    HotPath(Criterion),
    HeavyAndCold,
}

/// The criterion that makes a heavy module a hot path exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Criterion {
    Usage,
    CriticalPath,
    Cost,
}

/// Where `import_ms` comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    Measured,
    /// The sum of what the module loads at import, a module of the project that nobody measured. Its import takes longer
    /// than that: the sum proves that it is heavy, never that it is light.
    Derived,
}

/// A decision with every number behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub place: Place,
    pub reason: Reason,
    pub import_ms: Option<f64>,
    pub basis: Basis,
    pub usage_percent: Option<f64>,
    pub critical_path: bool,
    /// Known and above `heavy-ms`.
    pub heavy: bool,
    /// The model that decided, or would have.
    pub cost_model: CostModel,
    /// The costs under both models, of a heavy module with known usage.
    pub costs: Option<Costs>,
    /// What the other cost model would have said.
    pub other_model_place: Place,
}

impl Verdict {
    /// Module level against the rule for heavy modules, by one of the decision's criteria.
    pub fn is_hot_path_exception(&self) -> bool {
        matches!(self.reason, Reason::HotPath(_))
    }

    pub fn models_disagree(&self) -> bool {
        self.place != self.other_model_place
    }

    /// The numbers in short: `350ms, 90% usage`. Empty if nothing is known.
    pub fn figures(&self) -> String {
        let import = self.import_ms.map(|ms| match self.basis {
            Basis::Measured => format!("{}ms", number(ms)),
            Basis::Derived => format!("{}ms derived from what it loads", number(ms)),
        });
        let usage = self.usage_percent.map(|percent| format!("{}% usage", number(percent)));
        let critical = self.critical_path.then(|| "critical path".to_owned());
        [import, critical, usage].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Decides where the imports of a module belong, from what is known about it.
pub fn decide(policy: &Policy, evidence: Option<&ModuleEvidence>) -> Verdict {
    let unknown = ModuleEvidence::default();
    let evidence = evidence.unwrap_or(&unknown);
    let (import_ms, basis) = match (evidence.import_ms, &evidence.loaded) {
        (None, Some(loaded)) => (Some(loaded.ms), Basis::Derived),
        (measured, _) => (measured, Basis::Measured),
    };
    let (place, reason) = place_and_reason(policy, policy.cost_model, evidence, import_ms, basis);
    let (other_model_place, _) = place_and_reason(policy, policy.cost_model.other(), evidence, import_ms, basis);
    let heavy = import_ms.is_some_and(|ms| ms > policy.heavy_ms);
    Verdict {
        place,
        reason,
        import_ms,
        basis,
        usage_percent: evidence.usage_percent,
        critical_path: evidence.critical_path,
        heavy,
        cost_model: policy.cost_model,
        costs: import_ms
            .zip(evidence.usage_percent)
            .filter(|_| heavy)
            .map(|(import_ms, usage_percent)| Costs::of(policy, import_ms, usage_percent)),
        other_model_place,
    }
}

/// Whether how often the module is used can change its verdict: knowing it is worth a line in a log.
pub fn usage_decides(policy: &Policy, evidence: &ModuleEvidence) -> bool {
    if evidence.pin.is_some() {
        return false;
    }
    let in_band = |ms: f64| ms <= policy.heavy_ms && policy.light_ms.is_some_and(|light_ms| ms >= light_ms);
    let is_heavy = |ms: f64| ms > policy.heavy_ms && policy.hot_path_exceptions;
    evidence.import_ms.is_none_or(|ms| in_band(ms) || is_heavy(ms))
}

fn place_and_reason(
    policy: &Policy,
    model: CostModel,
    evidence: &ModuleEvidence,
    import_ms: Option<f64>,
    basis: Basis,
) -> (Place, Reason) {
    if let Some(pin) = evidence.pin {
        let place = match pin {
            Pin::Module => Place::Module,
            Pin::Function => Place::Function,
        };
        return (place, Reason::Pinned);
    }
    let Some(import_ms) = import_ms else {
        return (Place::Leave, Reason::Unmeasured);
    };
    let frequent = evidence.usage_percent.map(|percent| percent > policy.hot_percent);
    if import_ms > policy.heavy_ms {
        return match hot_path(policy, model, evidence, import_ms) {
            Some(criterion) => (Place::Module, Reason::HotPath(criterion)),
            None => (Place::Function, Reason::HeavyAndCold),
        };
    }
    if basis == Basis::Derived {
        return (Place::Leave, Reason::Unmeasured);
    }
    match (policy.light_ms, frequent) {
        (Some(light_ms), _) if import_ms < light_ms => (Place::Module, Reason::Light),
        (None, _) | (Some(_), None) => (Place::Leave, Reason::NotHeavy),
        (Some(_), Some(true)) => (Place::Module, Reason::Frequent),
        (Some(_), Some(false)) => (Place::Function, Reason::Infrequent),
    }
}

/// The first of the decision's criteria that makes a heavy module a hot path exception.
fn hot_path(policy: &Policy, model: CostModel, evidence: &ModuleEvidence, import_ms: f64) -> Option<Criterion> {
    if !policy.hot_path_exceptions {
        return None;
    }
    if evidence.usage_percent.is_some_and(|percent| percent > policy.hot_percent) {
        return Some(Criterion::Usage);
    }
    if evidence.critical_path {
        return Some(Criterion::CriticalPath);
    }
    let cost = Costs::of(policy, import_ms, evidence.usage_percent?).under(model);
    (cost.module < cost.function).then_some(Criterion::Cost)
}

/// A number as people write it: whole where whole, else with one decimal.
pub fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::Module => "module",
            Place::Function => "function",
            Place::Leave => "leave",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Pinned => f.write_str("pinned"),
            Reason::Unmeasured => f.write_str("unmeasured"),
            Reason::Light => f.write_str("light"),
            Reason::NotHeavy => f.write_str("not heavy"),
            Reason::Frequent => f.write_str("frequent"),
            Reason::Infrequent => f.write_str("infrequent"),
            Reason::HotPath(criterion) => write!(f, "hot path by {criterion}"),
            Reason::HeavyAndCold => f.write_str("heavy and cold"),
        }
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Criterion::Usage => "usage",
            Criterion::CriticalPath => "critical path",
            Criterion::Cost => "cost",
        })
    }
}

/// `function: heavy and cold`, the key under which statistics count it.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}
