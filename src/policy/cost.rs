//! What a module costs per day at either place, under either model of what a use costs. Arithmetic only.

use std::fmt;

use super::{Policy, number};

/// What a use of a function-level import is taken to cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CostModel {
    /// Every use pays the import again, as LMMS-DEC-02 has it.
    PerRequest,
    /// The first use in a process pays, as CPython's `sys.modules` has it.
    PerContainer,
}

impl CostModel {
    pub const ALL: [CostModel; 2] = [CostModel::PerRequest, CostModel::PerContainer];

    pub fn name(self) -> &'static str {
        match self {
            CostModel::PerRequest => "per-request",
            CostModel::PerContainer => "per-container",
        }
    }

    pub fn other(self) -> CostModel {
        match self {
            CostModel::PerRequest => CostModel::PerContainer,
            CostModel::PerContainer => CostModel::PerRequest,
        }
    }
}

/// Milliseconds per day at module level and at function level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    pub module: f64,
    pub function: f64,
}

/// The cost under each model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    pub per_request: Cost,
    pub per_container: Cost,
}

impl Costs {
    pub fn of(policy: &Policy, import_ms: f64, usage_percent: f64) -> Costs {
        // Percentages are divided by last: whole inputs then give whole, comparable costs.
        let requests = policy.daily_requests;
        let module = import_ms * requests * policy.cold_start_percent / 100.0;
        let used = usage_percent / 100.0;
        let requests_per_container = 100.0 / policy.cold_start_percent;
        let unused_containers = (1.0 - used).powf(requests_per_container);
        let overhead = policy.lazy_load_overhead_ms * requests * usage_percent / 100.0;
        Costs {
            per_request: Cost { module, function: import_ms * requests * usage_percent / 100.0 },
            per_container: Cost { module, function: module * (1.0 - unused_containers) + overhead },
        }
    }

    pub fn under(&self, model: CostModel) -> Cost {
        match model {
            CostModel::PerRequest => self.per_request,
            CostModel::PerContainer => self.per_container,
        }
    }

    /// The usage, in percent, above which module level is cheaper; `None` if it never is.
    pub fn break_even_percent(policy: &Policy, import_ms: f64, model: CostModel) -> Option<f64> {
        let module_wins = |percent: f64| {
            let cost = Costs::of(policy, import_ms, percent).under(model);
            cost.module < cost.function
        };
        if !module_wins(100.0) {
            return None;
        }
        let (mut low, mut high) = (0.0, 100.0);
        for _ in 0..64 {
            let middle = (low + high) / 2.0;
            if module_wins(middle) { high = middle } else { low = middle }
        }
        Some(high)
    }
}

/// How many times the dearer place costs the cheaper one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Factor {
    Equal,
    /// One place costs nothing, the other something.
    Free,
    Times(f64),
}

impl Cost {
    pub fn factor(self) -> Factor {
        let (low, high) = (self.module.min(self.function), self.module.max(self.function));
        if low == high {
            Factor::Equal
        } else if low == 0.0 {
            Factor::Free
        } else {
            Factor::Times(high / low)
        }
    }
}

impl fmt::Display for CostModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Factor::Equal => f.write_str("equal"),
            Factor::Free => f.write_str("free"),
            Factor::Times(times) if *times < 1.05 => write!(f, "{times:.2}x"),
            Factor::Times(times) => write!(f, "{}x", number(*times)),
        }
    }
}
