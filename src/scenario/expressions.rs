//! Expressions of `when`, `expect`, `assert` and `require`: CEL, compiled when a file is read so that a typing
//! error is found before the run. Evaluation belongs to the simulation.

use std::fmt;
use std::sync::Arc;

use cel::Program;
use cel::common::ast::{Expr, IdedExpr, LiteralValue};

use super::schema::shape::Flaw;
use super::suggest;

/// Longest expression that is taken, in bytes: the compiler and the interpreter recurse once for each operator.
const LENGTH_MAX: usize = 2_000;
/// Brackets open at once, at most: the compiler recurses.
const NESTING_MAX: usize = 50;

/// Functions of kubelapse that an expression can call, beside those of CEL itself. One name each.
pub const FUNCTIONS: [&str; 45] = [
    "configmap",
    "configmaps",
    "cronjob",
    "cronjobs",
    "daemonset",
    "daemonsets",
    "deployment",
    "deployments",
    "endpointslice",
    "endpointslices",
    "events",
    "exists",
    "horizontalpodautoscaler",
    "horizontalpodautoscalers",
    "hpa",
    "ingress",
    "ingresses",
    "job",
    "jobs",
    "last",
    "limitrange",
    "limitranges",
    "namespace",
    "namespaces",
    "node",
    "nodes",
    "object",
    "objects",
    "persistentvolume",
    "persistentvolumeclaim",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pod",
    "poddisruptionbudget",
    "poddisruptionbudgets",
    "pods",
    "replicaset",
    "replicasets",
    "replicationcontroller",
    "replicationcontrollers",
    "resourcequota",
    "secret",
    "service",
    "statefulset",
    "traffic",
];

/// Functions of CEL's standard library, and its macros, as the `cel` crate has them.
const STANDARD: [&str; 40] = [
    "all",
    "bool",
    "bytes",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "exists_one",
    "filter",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "has",
    "int",
    "isSorted",
    "join",
    "lowerAscii",
    "map",
    "matches",
    "max",
    "min",
    "optMap",
    "size",
    "sort",
    "split",
    "startsWith",
    "string",
    "sum",
    "timestamp",
    "trim",
    "type",
    "uint",
];

/// A compiled expression and its text.
#[derive(Clone)]
pub struct Expression {
    /// As typed.
    pub text: String,
    /// Ready to be evaluated.
    pub program: Arc<Program>,
}

impl Expression {
    /// Compiles `text`.
    ///
    /// # Errors
    /// A syntax error with its position, or a function that does not exist with the nearest one that does.
    pub fn compile(text: &str) -> Result<Self, Flaw> {
        if text.trim().is_empty() {
            return Err(Flaw::new("the expression is empty"));
        }
        if text.len() > LENGTH_MAX || nesting(text) > NESTING_MAX {
            let limits = format!("{LENGTH_MAX} bytes, {NESTING_MAX} brackets open at once");
            return Err(Flaw::new(format!("the expression is too long or nested too deeply (at most {limits})")));
        }
        let program = Program::compile(text).map_err(|errors| syntax_flaw(text, &errors))?;
        if let Some(flaw) = unknown_function(&program) {
            return Err(flaw);
        }
        Ok(Self { text: text.to_owned(), program: Arc::new(program) })
    }
}

/// The literal first arguments of calls of `function`: `shoppers` of `traffic('shoppers').served_ratio > 0.9`.
pub fn named_by<'a>(expression: &'a Expression, function: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    collect_names(expression.program.expression(), function, &mut names);
    names
}

fn collect_names<'a>(expression: &'a IdedExpr, function: &str, names: &mut Vec<&'a str>) {
    let mut into = |inner: &'a IdedExpr| collect_names(inner, function, names);
    match &expression.expr {
        Expr::Call(call) => {
            call.target.iter().for_each(|target| into(target));
            call.args.iter().for_each(&mut into);
            if call.func_name == function
                && let Some(Expr::Literal(LiteralValue::String(name))) = call.args.first().map(|first| &first.expr)
            {
                names.push(name.inner());
            }
        }
        Expr::Select(select) => into(&select.operand),
        Expr::List(list) => list.elements.iter().for_each(into),
        Expr::Comprehension(part) => {
            [&part.iter_range, &part.loop_cond, &part.loop_step, &part.result].into_iter().for_each(into);
        }
        _ => {}
    }
}

/// Does `text` compile?
///
/// # Errors
/// As for [`Expression::compile`].
pub fn check(text: &str) -> Result<(), Flaw> {
    Expression::compile(text).map(drop)
}

fn syntax_flaw(text: &str, errors: &cel::ParseErrors) -> Flaw {
    let Some(first) = errors.errors.first() else { return Flaw::new("the expression cannot be read") };
    // The parser lists every token it would take; that says less than the place does.
    let message = first.msg.strip_prefix("Syntax error: ").unwrap_or(&first.msg);
    let message = message.split(" expecting ").next().unwrap_or(message);
    let message = message.replace("mismatched input '<EOF>'", "it ends too early");
    let (line, column) = (first.pos.0.max(1) as usize, first.pos.1.max(1) as usize);
    let before: usize = text.split_inclusive('\n').take(line - 1).map(|line| line.chars().count()).sum();
    let mut flaw = Flaw::new(format!("the expression cannot be read: {message}"));
    flaw.offset = Some(before + column - 1);
    flaw
}

/// A function that neither CEL nor kubelapse has. Operators are functions with names that are no words.
fn unknown_function(program: &Program) -> Option<Flaw> {
    let references = program.references();
    let mut names: Vec<&str> = references.functions();
    names.sort_unstable();
    let unknown = names.into_iter().find(|name| {
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_operator = !is_word || name.starts_with('_') || name.starts_with('@');
        !is_operator && !FUNCTIONS.contains(name) && !STANDARD.contains(name)
    })?;
    let mut flaw = Flaw::new(format!("there is no function `{unknown}`"));
    flaw.hint = match suggest::nearest(unknown, FUNCTIONS.into_iter().chain(STANDARD)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "objects are found by their kind: pod('web'), deployments('app=web')".to_owned(),
    };
    Some(flaw)
}

fn nesting(text: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' | b'!' | b'-' | b'?' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_the_format_compile() {
        for text in [
            "pod('hello-world').status.phase == 'Succeeded'",
            "deployment('web').status.availableReplicas >= 3",
            "summary.pods.pending == 0",
            "pods('app=web').all(p, p.status.phase == 'Running') && size(nodes()) == 3",
            "summary.workloads['default/deployment/web'].ready > 0",
            "exists('pod', 'web') ? pod('web').spec.nodeName != '' : false",
            "traffic('shoppers').last('1m').served_ratio > 0.99",
            "pod_start_seconds.p99.mean < 30",
            "events('Killing').exists(e, e.count > 2)",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn names_in_calls_are_found_wherever_they_stand() {
        let text =
            "traffic('a').last('1m').served > 1 && [1].all(x, x < traffic('b').rps) || pod('c').x == traffic('d')";
        let expression = Expression::compile(text).unwrap();
        let mut names = named_by(&expression, "traffic");
        names.sort_unstable();
        assert_eq!(names, ["a", "b", "d"]);
    }

    #[test]
    fn syntax_errors_have_a_position() {
        let flaw = check("pod('x').status.phase == ").unwrap_err();
        assert!(flaw.offset.is_some(), "{flaw:?}");
        assert!(check("").is_err());
        assert!(check(&"(".repeat(100_000)).is_err());
        assert!(check(&format!("{}true", "!".repeat(5000))).is_err());
    }

    #[test]
    fn an_unknown_function_gets_the_nearest_one() {
        let flaw = check("deploymnt('web').status.replicas > 1").unwrap_err();
        assert_eq!(flaw.hint, "did you mean `deployment`?");
    }

    #[test]
    fn chains_of_operators_as_long_as_is_taken_compile() {
        for (part, last) in [("1+", "1"), ("true&&", "true"), ("true?1:", "1"), ("x.", "y"), ("x[0]==", "1")] {
            let text = part.repeat((LENGTH_MAX - 10) / part.len()) + last;
            assert!(text.len() <= LENGTH_MAX);
            let _ = check(&text);
        }
        assert_eq!(check(&("1+".repeat(900) + "1")), Ok(()));
    }

    #[test]
    fn the_list_of_functions_is_sorted() {
        assert!(FUNCTIONS.is_sorted() && STANDARD.is_sorted());
    }
}
