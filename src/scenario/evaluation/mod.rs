//! Evaluates expressions: what they ask of a run is answered by whoever holds it (`Facts`), as JSON. Knows no cluster;
//! the same code serves expectations and triggers of a run, asserts of sweeps and requirements of capacity plans.
//!
//! CEL's functions cannot borrow the run. So an expression is executed with the answers that are there; what it asks
//! beyond them is noted, answered, and it is executed again, until it asks nothing new.

mod explain;
mod value;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cel::extractors::{Arguments, This};
use cel::{Context, ExecutionError, Value};

use super::expressions::{Expression, FUNCTIONS};
pub use explain::explain;
use value::to_cel;

/// A question of an expression: `pod('web')` is `pod` with the argument `web`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The function; `traffic.last` for `traffic('x').last('1m')`, `summary` and `now` for the variables.
    pub function: String,
    /// Its arguments as text.
    pub arguments: Vec<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// What is asked for does not exist (yet); in words that name it.
    #[error("{0}")]
    Missing(String),
    /// The question makes no sense.
    #[error("{0}")]
    Invalid(String),
}

/// Whoever can answer.
pub trait Facts {
    /// The answer to a question, as JSON.
    ///
    /// # Errors
    /// An object that does not exist, or arguments that mean nothing.
    fn answer(&mut self, call: &Call) -> Result<serde_json::Value, NoAnswer>;
}

/// What came of an expression.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// True or false, or why it is neither.
    pub result: Result<bool, EvaluationError>,
    /// Everything it asked, in the order of the calls' names.
    pub asked: Vec<Call>,
}

/// Why an expression has no truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationError {
    /// Something does not exist, and may yet.
    pub is_missing: bool,
    /// In words.
    pub message: String,
}

type Answer = Result<Value, NoAnswer>;

/// Questions and answers of one evaluation.
#[derive(Debug, Default)]
struct Dialogue {
    known: BTreeMap<Call, Answer>,
    open: Vec<Call>,
}

type Shared = Arc<Mutex<Dialogue>>;

fn lock(shared: &Shared) -> MutexGuard<'_, Dialogue> {
    // One thread asks at a time; a panic elsewhere leaves the answers as they are.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Is `expression` true?
pub fn evaluate(expression: &Expression, facts: &mut dyn Facts) -> Evaluation {
    let session = Session::run(expression, facts);
    let result = match session.result {
        Ok(Value::Bool(truth)) => Ok(truth),
        Ok(other) => Err(EvaluationError {
            is_missing: false,
            message: format!("it is {}, neither true nor false", value::show(&other)),
        }),
        Err(ref error) => Err(session.error_of(error)),
    };
    let asked = lock(&session.dialogue).known.keys().cloned().collect();
    Evaluation { result, asked }
}

/// The number that `expression` is: for metrics of sweeps.
///
/// # Errors
/// No number, or something that does not exist.
pub fn number(expression: &Expression, facts: &mut dyn Facts) -> Result<f64, EvaluationError> {
    let session = Session::run(expression, facts);
    match &session.result {
        Ok(Value::Int(number)) => Ok(*number as f64),
        Ok(Value::UInt(number)) => Ok(*number as f64),
        Ok(Value::Float(number)) => Ok(*number),
        Ok(Value::Bool(truth)) => Ok(f64::from(u8::from(*truth))),
        Ok(other) => {
            Err(EvaluationError { is_missing: false, message: format!("it is {}, no number", value::show(other)) })
        }
        Err(error) => Err(session.error_of(error)),
    }
}

/// An expression that has asked all it wants to know.
struct Session {
    context: Context<'static, 'static>,
    dialogue: Shared,
    result: Result<Value, ExecutionError>,
}

impl Session {
    /// More rounds than any expression of the longest length has questions that depend on one another.
    const ROUNDS_MAX: usize = 10_000;

    fn run(expression: &Expression, facts: &mut dyn Facts) -> Self {
        let dialogue = Shared::default();
        let mut context = Context::default();
        declare(&mut context, &dialogue);
        let references = expression.program.references();
        for variable in ["summary", "now"] {
            if references.has_variable(variable) {
                let call = Call { function: variable.to_owned(), arguments: Vec::new() };
                let answer = facts.answer(&call).map(|answer| to_cel(&answer));
                context.add_variable_from_value(variable, answer.clone().unwrap_or(Value::Null));
                lock(&dialogue).known.insert(call, answer);
            }
        }
        // Everything else that is no function is a name of the summary: `pod_start_seconds.p99` of sweeps.
        for variable in references.variables() {
            if variable == "summary" || variable == "now" {
                continue;
            }
            let call = Call { function: "variable".to_owned(), arguments: vec![variable.to_owned()] };
            if let Ok(answer) = facts.answer(&call) {
                context.add_variable_from_value(variable.to_owned(), to_cel(&answer));
            }
        }
        let mut session = Self { context, dialogue, result: Ok(Value::Null) };
        for _ in 0..Self::ROUNDS_MAX {
            session.result = expression.program.execute(&session.context);
            let open = std::mem::take(&mut lock(&session.dialogue).open);
            if open.is_empty() {
                break;
            }
            for call in open {
                let answer = facts.answer(&call).map(|answer| to_cel(&answer));
                lock(&session.dialogue).known.insert(call, answer);
            }
        }
        session
    }

    fn error_of(&self, error: &ExecutionError) -> EvaluationError {
        let dialogue = lock(&self.dialogue);
        let missing = dialogue.known.values().find_map(|answer| match answer {
            Err(NoAnswer::Missing(words)) => Some(words.clone()),
            _ => None,
        });
        match (error, missing) {
            (ExecutionError::FunctionError { message, .. }, missing) => {
                EvaluationError { is_missing: missing.is_some(), message: message.clone() }
            }
            (_, Some(message)) => EvaluationError { is_missing: true, message },
            (ExecutionError::NoSuchKey(key), None) => {
                EvaluationError { is_missing: true, message: format!("there is no field `{key}`") }
            }
            (error, None) => EvaluationError { is_missing: false, message: error.to_string() },
        }
    }
}

/// Makes kubelapse's functions known. Names that CEL has itself stay CEL's.
fn declare(context: &mut Context<'static, 'static>, dialogue: &Shared) {
    for name in FUNCTIONS.into_iter().filter(|name| *name != "last") {
        let dialogue = dialogue.clone();
        let function = move |Arguments(arguments): Arguments| -> Result<Value, ExecutionError> {
            let arguments = arguments.iter().map(text_of).collect::<Result<Vec<_>, _>>();
            let arguments = arguments.map_err(|error| ExecutionError::function_error(name, error))?;
            ask(&dialogue, Call { function: name.to_owned(), arguments })
        };
        // Declared once in a fresh context: nothing can stand in the way but an overload of CEL's own.
        let _ = context.add_function(name, function);
    }
    let dialogue = dialogue.clone();
    let last = move |This(this): This<Value>, window: Arc<String>| -> Result<Value, ExecutionError> {
        let name = value::name_of(&this).ok_or_else(|| {
            ExecutionError::function_error("last", "`last` belongs to a traffic: traffic('x').last('1m')")
        })?;
        ask(&dialogue, Call { function: "traffic.last".to_owned(), arguments: vec![name, window.to_string()] })
    };
    let _ = context.add_function("last", last);
}

fn ask(dialogue: &Shared, call: Call) -> Result<Value, ExecutionError> {
    let mut dialogue = lock(dialogue);
    match dialogue.known.get(&call) {
        Some(Ok(answer)) => Ok(answer.clone()),
        Some(Err(reason)) => Err(ExecutionError::function_error(&call.function, reason)),
        None => {
            let name = call.function.clone();
            dialogue.open.push(call);
            Err(ExecutionError::function_error(&name, "not answered yet"))
        }
    }
}

fn text_of(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.to_string()),
        other => Err(format!("arguments are texts in quotes, not {}", value::show(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Fixed;

    impl Facts for Fixed {
        fn answer(&mut self, call: &Call) -> Result<serde_json::Value, NoAnswer> {
            let argument = call.arguments.first().map(String::as_str);
            match (call.function.as_str(), argument) {
                ("deployment", Some("web")) => Ok(json!({"status": {"availableReplicas": 2}, "spec": {"replicas": 3}})),
                ("pods", _) => Ok(json!([{"name": "a", "node": "n1"}, {"name": "b", "node": "n2"}])),
                ("exists", Some("node")) => Ok(json!(call.arguments[1] == "n1" || call.arguments[1] == "n2")),
                ("exists", _) => Ok(json!(false)),
                ("summary", _) => Ok(json!({"pods": {"pending": 0}, "p99": 1.5})),
                ("now", _) => Ok(json!(12.5)),
                ("traffic", Some(name)) => Ok(json!({"name": name, "served_ratio": 0.5})),
                ("traffic.last", _) => Ok(json!({"served_ratio": 1.0})),
                ("variable", Some("cost")) => Ok(json!({"mean": 4})),
                _ => Err(NoAnswer::Missing(format!(
                    "{} `{}` does not exist",
                    call.function,
                    argument.unwrap_or_default()
                ))),
            }
        }
    }

    fn truth(text: &str) -> Result<bool, EvaluationError> {
        evaluate(&Expression::compile(text).unwrap(), &mut Fixed).result
    }

    #[test]
    fn objects_lists_summary_and_time_can_be_asked_for() {
        for (text, expected) in [
            ("deployment('web').status.availableReplicas >= 3", false),
            ("deployment('web').status.availableReplicas + 1 == deployment('web').spec.replicas", true),
            ("pods('').all(p, exists('node', p.node))", true),
            ("pods('').filter(p, p.node == 'n1').size() == 1", true),
            ("summary.pods.pending == 0 && summary.p99 < 2", true),
            ("now > 12.0 && now > 12", true),
            ("!exists('pod', 'x') || pod('x').status.phase == 'Running'", true),
            ("traffic('t').served_ratio < 0.6 && traffic('t').last('1m').served_ratio == 1.0", true),
            ("cost.mean < 5", true),
            ("['n1', 'n2'].all(n, exists('node', n))", true),
        ] {
            assert_eq!(truth(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_exist_is_named_and_told_from_nonsense() {
        let error = truth("pod('x').status.phase == 'Running'").unwrap_err();
        assert_eq!((error.is_missing, error.message.as_str()), (true, "pod `x` does not exist"));
        let error = truth("deployment('web').status.nothing == 1").unwrap_err();
        assert!(error.is_missing && error.message.contains("nothing"), "{error:?}");
        assert!(!truth("deployment('web').spec.replicas").unwrap_err().is_missing);
        assert!(!truth("pods(3).size() == 1").unwrap_err().is_missing);
    }

    #[test]
    fn everything_asked_is_told() {
        let evaluation =
            evaluate(&Expression::compile("deployment('web').spec.replicas > 1 && now > 1.0").unwrap(), &mut Fixed);
        let names: Vec<&str> = evaluation.asked.iter().map(|call| call.function.as_str()).collect();
        assert_eq!(names, ["deployment", "now"]);
    }
}
