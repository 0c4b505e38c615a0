//! Which names an expression over figures speaks of: `pod_start_seconds.p99.mean` is one chain of names.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use crate::scenario::expressions::Expression;

/// All chains of names (`a.b['c'].d`) that an expression starts at a name of its own.
pub fn names_of(expression: &Expression) -> Vec<Vec<String>> {
    let mut chains = Vec::new();
    collect(expression.program.expression(), &mut Vec::new(), &mut chains);
    for chain in &mut chains {
        if chain[0] == "summary" {
            chain.remove(0);
        }
    }
    chains.retain(|chain| !chain.is_empty());
    chains
}

/// Names one after another as a path that [`Metric`](super::Metric) reads.
pub fn path_of(names: &[String]) -> String {
    let mut path = String::new();
    for name in names {
        let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_word && !path.is_empty() {
            path.push('.');
        }
        path += &if is_word { name.clone() } else { format!("['{name}']") };
    }
    path
}

/// All chains of names (`a.b['c'].d`) that start at a free name.
fn collect(expression: &IdedExpr, bound: &mut Vec<String>, chains: &mut Vec<Vec<String>>) {
    if let Some(chain) = chain(expression) {
        if !bound.contains(&chain[0]) {
            chains.push(chain);
        }
        return;
    }
    match &expression.expr {
        Expr::Call(call) => {
            for part in call.target.as_deref().into_iter().chain(&call.args) {
                collect(part, bound, chains);
            }
        }
        Expr::Select(select) => collect(&select.operand, bound, chains),
        Expr::List(list) => list.elements.iter().for_each(|element| collect(element, bound, chains)),
        Expr::Comprehension(comprehension) => {
            collect(&comprehension.iter_range, bound, chains);
            let length = bound.len();
            bound.extend([comprehension.iter_var.clone(), comprehension.accu_var.clone()]);
            bound.extend(comprehension.iter_var2.clone());
            for part in
                [&comprehension.accu_init, &comprehension.loop_cond, &comprehension.loop_step, &comprehension.result]
            {
                collect(part, bound, chains);
            }
            bound.truncate(length);
        }
        _ => {}
    }
}

fn chain(expression: &IdedExpr) -> Option<Vec<String>> {
    match &expression.expr {
        Expr::Ident(name) => Some(vec![name.clone()]),
        Expr::Select(select) => {
            let mut names = chain(&select.operand)?;
            names.push(select.field.clone());
            Some(names)
        }
        Expr::Call(call) if call.func_name == operators::INDEX => {
            let (operand, key) = (call.args.first()?, call.args.get(1)?);
            let Expr::Literal(LiteralValue::String(key)) = &key.expr else { return None };
            let mut names = chain(operand)?;
            names.push(key.inner().to_string());
            Some(names)
        }
        _ => None,
    }
}
