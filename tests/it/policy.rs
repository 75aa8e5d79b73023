//! The rule against the golden values of the decision.

use hotcold::evidence::{Loaded, ModuleEvidence, Pin};
use hotcold::policy::{
    Basis, Cost, CostModel, Costs, Criterion, Place, Policy, Reason, decide, exception_comment, exception_comments_in,
    find_exception_comment, parse_exception_comment, without_exception_comments,
};

fn evidence(import_ms: f64, usage_percent: Option<f64>) -> ModuleEvidence {
    ModuleEvidence { import_ms: Some(import_ms), usage_percent, ..ModuleEvidence::default() }
}

fn per_container() -> Policy {
    Policy { cost_model: CostModel::PerContainer, ..Policy::default() }
}

const COST: Reason = Reason::HotPath(Criterion::Cost);
const USAGE: Reason = Reason::HotPath(Criterion::Usage);

/// ms, usage, per-request module and function cost, factor, verdict, reason; per-container function cost, verdict.
type Golden = (f64, Option<f64>, Option<(f64, f64, &'static str)>, Place, Reason, Option<&'static str>, Place);

const GOLDEN: [Golden; 10] = {
    use Place::{Function, Leave, Module};
    use Reason::{HeavyAndCold, NotHeavy};
    [
        (350.0, Some(90.0), Some((350e3, 3150e3, "9x")), Module, USAGE, Some("354500.0"), Module),
        (1200.0, Some(5.0), Some((1200e3, 600e3, "2x")), Function, HeavyAndCold, Some("481765.7"), Function),
        (180.0, Some(40.0), Some((180e3, 720e3, "4x")), Module, COST, Some("180911.6"), Module),
        (220.0, Some(30.0), Some((220e3, 660e3, "3x")), Module, COST, Some("215285.5"), Function),
        (350.0, Some(15.0), Some((350e3, 525e3, "1.5x")), Module, COST, Some("281844.0"), Function),
        (450.0, Some(10.0), Some((450e3, 450e3, "equal")), Function, HeavyAndCold, Some("293594.7"), Function),
        (100.0, Some(50.0), None, Leave, NotHeavy, None, Leave),
        (100.1, Some(80.0), Some((100_100.0, 800_800.0, "8x")), Module, COST, Some("104100.0"), Module),
        (890.0, Some(0.0), Some((890e3, 0.0, "free")), Function, HeavyAndCold, Some("0.0"), Function),
        (890.0, None, None, Function, HeavyAndCold, None, Function),
    ]
};

#[test]
fn the_golden_values_hold_under_both_cost_models() {
    for (ms, usage, per_request, place, reason, per_container_function, per_container_place) in GOLDEN {
        let evidence = evidence(ms, usage);
        let verdict = decide(&Policy::default(), Some(&evidence));
        assert_eq!((verdict.place, verdict.reason), (place, reason), "{ms}ms at {usage:?}%");
        assert_eq!(verdict.other_model_place, per_container_place, "{ms}ms at {usage:?}%");
        assert_eq!(verdict.models_disagree(), place != per_container_place);
        assert_eq!(verdict.costs.is_some(), per_request.is_some(), "{ms}ms at {usage:?}%");

        let other = decide(&per_container(), Some(&evidence));
        assert_eq!(other.place, per_container_place, "{ms}ms at {usage:?}%");

        let Some(costs) = verdict.costs else { continue };
        let (module, function, factor) = per_request.unwrap();
        assert_eq!(costs.per_request, Cost { module, function });
        assert_eq!(costs.per_request.factor().to_string(), factor);
        assert_eq!(costs.per_container.module, module);
        assert_eq!(Some(format!("{:.1}", costs.per_container.function).as_str()), per_container_function);
    }
}

#[test]
fn the_middle_band_is_on_when_light_ms_is_set() {
    let policy = Policy { light_ms: Some(10.0), ..Policy::default() };
    let cases = [
        (9.9, Some(1.0), Place::Module, Reason::Light),
        (9.9, None, Place::Module, Reason::Light),
        (10.0, Some(80.1), Place::Module, Reason::Frequent),
        (100.0, Some(81.0), Place::Module, Reason::Frequent),
        (10.0, Some(80.0), Place::Function, Reason::Infrequent),
        (100.0, Some(0.0), Place::Function, Reason::Infrequent),
        (50.0, None, Place::Leave, Reason::NotHeavy),
        (100.1, Some(5.0), Place::Function, Reason::HeavyAndCold),
    ];
    for (ms, usage, place, reason) in cases {
        let verdict = decide(&policy, Some(&evidence(ms, usage)));
        assert_eq!((verdict.place, verdict.reason), (place, reason), "{ms}ms at {usage:?}%");
        assert_eq!(exception_comment(&verdict), None);
    }
}

#[test]
fn a_pin_is_above_every_rule() {
    let pinned = |ms, pin| ModuleEvidence { pin: Some(pin), ..evidence(ms, Some(90.0)) };
    let verdict = decide(&Policy::default(), Some(&pinned(350.0, Pin::Function)));
    assert_eq!((verdict.place, verdict.reason), (Place::Function, Reason::Pinned));
    assert_eq!(exception_comment(&verdict), None);

    let verdict = decide(&Policy::default(), Some(&pinned(350.0, Pin::Module)));
    assert_eq!(exception_comment(&verdict).as_deref(), Some("350ms but pinned - HOT PATH EXCEPTION"));
    assert!(!verdict.models_disagree());

    let verdict = decide(&Policy::default(), Some(&pinned(5.0, Pin::Module)));
    assert_eq!((verdict.place, exception_comment(&verdict)), (Place::Module, None));
}

#[test]
fn nothing_is_decided_without_a_measurement() {
    let unmeasured = ModuleEvidence { usage_percent: Some(99.0), critical_path: true, ..ModuleEvidence::default() };
    for evidence in [None, Some(&unmeasured)] {
        let verdict = decide(&Policy::default(), evidence);
        assert_eq!((verdict.place, verdict.reason), (Place::Leave, Reason::Unmeasured));
    }
}

#[test]
fn strict_policy_makes_no_exceptions() {
    let strict = Policy { hot_path_exceptions: false, ..Policy::default() };
    let evidence = ModuleEvidence { critical_path: true, ..evidence(350.0, Some(90.0)) };
    assert_eq!(decide(&strict, Some(&evidence)).place, Place::Function);
}

#[test]
fn the_comment_states_the_criterion_and_the_numbers() {
    let comment = |ms, usage, critical_path| {
        let evidence = ModuleEvidence { critical_path, ..evidence(ms, usage) };
        exception_comment(&decide(&Policy::default(), Some(&evidence)))
    };
    let cases = [
        (comment(350.0, Some(90.0), false), "350ms but 90% usage - HOT PATH EXCEPTION"),
        (comment(348.2, Some(12.5), false), "348.2ms but 12.5% usage - HOT PATH EXCEPTION"),
        (comment(350.0, None, true), "350ms but critical path - HOT PATH EXCEPTION"),
        (comment(350.0, Some(30.0), true), "350ms but critical path, 30% usage - HOT PATH EXCEPTION"),
        (comment(350.0, Some(90.0), true), "350ms but 90% usage - HOT PATH EXCEPTION"),
    ];
    for (comment, expected) in cases {
        let comment = comment.unwrap();
        assert_eq!(comment, expected);
        assert!(parse_exception_comment(&comment));
    }
    assert_eq!(comment(1200.0, Some(5.0), false), None);
    assert_eq!(comment(50.0, Some(99.0), false), None);
}

#[test]
fn only_the_standard_form_is_recognised() {
    let standard = [
        "# 350ms but 90% usage - HOT PATH EXCEPTION",
        "#350ms but 90.5% usage - HOT PATH EXCEPTION  ",
        "  #   0.1ms but critical path, 3% usage - HOT PATH EXCEPTION",
        "350ms but pinned - HOT PATH EXCEPTION",
    ];
    for comment in standard {
        assert!(parse_exception_comment(comment), "{comment}");
    }
    let other = [
        "# HOT PATH EXCEPTION",
        "# 350ms but we love it - HOT PATH EXCEPTION",
        "# 350 ms but 90% usage - HOT PATH EXCEPTION",
        "# 350ms but 90% usage - hot path exception",
        "# 350ms but 90% usage - HOT PATH EXCEPTION, see DEC-02",
        "# about 350ms but 90% usage - HOT PATH EXCEPTION",
        "# 350ms but 9.% usage - HOT PATH EXCEPTION",
        "# 350ms but critical path, pinned - HOT PATH EXCEPTION",
        "",
        "#",
    ];
    for comment in other {
        assert!(!parse_exception_comment(comment), "{comment}");
    }
}

#[test]
fn the_standard_comment_is_found_behind_pragmas() {
    let comment = "# noqa: F401  # 350ms but 90% usage - HOT PATH EXCEPTION  # é";
    let found = find_exception_comment(comment).unwrap();
    assert_eq!(&comment[found], "# 350ms but 90% usage - HOT PATH EXCEPTION");
    assert_eq!(find_exception_comment("# noqa: F401"), None);
    assert_eq!(exception_comments_in(comment), ["350ms but 90% usage - HOT PATH EXCEPTION"]);
    assert_eq!(without_exception_comments(comment), [" noqa: F401", " é"]);
    assert!(without_exception_comments("# 1ms but pinned - HOT PATH EXCEPTION").is_empty());
}

#[test]
fn the_break_even_usage_separates_the_places() {
    let policy = Policy::default();
    for model in CostModel::ALL {
        let percent = Costs::break_even_percent(&policy, 350.0, model).unwrap();
        let wins = |percent: f64| {
            let cost = Costs::of(&policy, 350.0, percent).under(model);
            cost.module < cost.function
        };
        assert!(wins(percent + 0.01) && !wins(percent - 0.01), "{model}: {percent}");
    }
    let never = Policy { cold_start_percent: 100.0, ..Policy::default() };
    assert_eq!(Costs::break_even_percent(&never, 350.0, CostModel::PerRequest), None);
}

#[test]
fn deciding_never_panics_and_a_verdict_always_has_the_numbers_it_came_from() {
    let numbers =
        [0.0, 1e-300, 0.1, 9.99, 10.0, 80.0, 99.9, 100.0, 100.1, 1e9, f64::MAX, f64::NAN, f64::INFINITY, -1.0];
    for cold_start_percent in [0.0, 0.001, 10.0, 100.0] {
        for cost_model in CostModel::ALL {
            for light_ms in [None, Some(10.0)] {
                let policy = Policy { cold_start_percent, cost_model, light_ms, ..Policy::default() };
                for ms in numbers {
                    for usage in numbers.map(Some).into_iter().chain([None]) {
                        let verdict = decide(&policy, Some(&evidence(ms, usage)));
                        let comment = exception_comment(&verdict);
                        assert_eq!(comment.is_some(), verdict.is_hot_path_exception());
                        assert_ne!(verdict.reason, Reason::Unmeasured);
                    }
                }
            }
        }
    }
}

#[test]
fn a_derived_time_proves_that_a_module_is_heavy_and_nothing_else() {
    let derived = |ms, usage_percent| {
        let loaded = Some(Loaded { ms, modules: Vec::new() });
        ModuleEvidence { usage_percent, loaded, ..ModuleEvidence::default() }
    };
    let policy = Policy { light_ms: Some(10.0), ..Policy::default() };
    let verdict = decide(&policy, Some(&derived(1200.0, Some(5.0))));
    assert_eq!((verdict.place, verdict.reason, verdict.basis), (Place::Function, Reason::HeavyAndCold, Basis::Derived));
    assert_eq!(verdict.figures(), "1200ms derived from what it loads, 5% usage");
    let hot = decide(&policy, Some(&derived(1200.0, Some(90.0))));
    assert_eq!((hot.place, hot.reason), (Place::Module, USAGE));
    assert_eq!(exception_comment(&hot), None);
    for ms in [0.0, 9.0, 50.0, 100.0] {
        let verdict = decide(&policy, Some(&derived(ms, Some(5.0))));
        assert_eq!((verdict.place, verdict.reason), (Place::Leave, Reason::Unmeasured), "{ms}ms");
    }
    // What somebody measured holds.
    let measured = ModuleEvidence { import_ms: Some(20.0), ..derived(1200.0, Some(5.0)) };
    let verdict = decide(&policy, Some(&measured));
    assert_eq!((verdict.import_ms, verdict.basis, verdict.reason), (Some(20.0), Basis::Measured, Reason::Infrequent));
}
