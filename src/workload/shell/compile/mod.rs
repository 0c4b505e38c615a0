//! Script text → instructions. Parsing is brush-parser's; this file flattens its tree. Pure: no state of a shell.

mod command;
mod grammar;
mod parse;
mod test_expression;
mod word;

use std::sync::Arc;

use brush_parser::{ParserOptions, ast};

use super::code::{Code, Dialect, Op, Word};
use command::{braced, redirect, simple_command};
use test_expression::test_expression;
use word::{arithmetic, word};

/// The text is not a script we can run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// The parser's words.
    #[error("{0}")]
    Syntax(String),
    /// The shell's own words, and the line it names.
    #[error("{text}")]
    Grammar {
        /// What is wrong.
        text: String,
        /// Where.
        line: usize,
        /// The line itself, which bash shows too.
        shown: Option<String>,
    },
    /// A construct that is outside the language of the built-in shell.
    #[error("{0} are not supported by the built-in shell")]
    Unsupported(&'static str),
}

pub(super) type Compiled<T> = Result<T, SyntaxError>;

/// How words are read: what only bash knows is told apart later.
fn word_options(dialect: Dialect) -> ParserOptions {
    ParserOptions { sh_mode: false, ..options(dialect) }
}

pub(super) fn options(dialect: Dialect) -> ParserOptions {
    let has_extended = dialect == Dialect::Bash;
    ParserOptions {
        sh_mode: dialect == Dialect::Dash,
        enable_extended_globbing: has_extended,
        ..ParserOptions::default()
    }
}

/// Compiles a script.
pub(super) fn compile(script: &str, dialect: Dialect) -> Compiled<Arc<Code>> {
    let (program, error) = parse::program(script, dialect)?;
    let mut builder = Builder::new(dialect);
    for list in &program.complete_commands {
        builder.list(list)?;
    }
    if let Some(error) = error {
        builder.push(Op::Refuse(Arc::new(error)));
    }
    Ok(builder.finish())
}

struct Builder {
    ops: Vec<Op>,
    dialect: Dialect,
}

impl Builder {
    fn new(dialect: Dialect) -> Self {
        Self { ops: Vec::new(), dialect }
    }

    fn finish(self) -> Arc<Code> {
        Arc::new(Code { ops: self.ops })
    }

    fn here(&self) -> usize {
        self.ops.len()
    }

    fn push(&mut self, op: Op) -> usize {
        self.ops.push(op);
        self.ops.len() - 1
    }

    /// Lets the jump at `at` lead to the next instruction.
    fn land(&mut self, at: usize) {
        let here = self.here();
        match &mut self.ops[at] {
            Op::Jump(target)
            | Op::JumpIfFailure(target)
            | Op::JumpIfSuccess(target)
            | Op::ForNext { exit: target, .. }
            | Op::CaseTest { otherwise: target, .. }
            | Op::Redirect { otherwise: target, .. } => *target = here,
            other => panic!("{other:?} does not jump"),
        }
    }

    fn list(&mut self, list: &ast::CompoundList) -> Compiled<()> {
        for ast::CompoundListItem(and_or, separator) in &list.0 {
            match separator {
                ast::SeparatorOperator::Sequence => self.and_or(and_or)?,
                ast::SeparatorOperator::Async => {
                    let mut body = Self::new(self.dialect);
                    body.and_or(and_or)?;
                    self.push(Op::Background(body.finish()));
                }
            }
        }
        Ok(())
    }

    fn and_or(&mut self, list: &ast::AndOrList) -> Compiled<()> {
        let last = list.additional.len();
        self.listed_pipeline(&list.first, last > 0)?;
        for (index, next) in list.additional.iter().enumerate() {
            let (skip, pipeline) = match next {
                ast::AndOr::And(pipeline) => (self.push(Op::JumpIfFailure(0)), pipeline),
                ast::AndOr::Or(pipeline) => (self.push(Op::JumpIfSuccess(0)), pipeline),
            };
            self.listed_pipeline(pipeline, index + 1 < last)?;
            self.land(skip);
        }
        Ok(())
    }

    fn listed_pipeline(&mut self, pipeline: &ast::Pipeline, is_condition: bool) -> Compiled<()> {
        let is_condition = is_condition || pipeline.bang;
        if is_condition {
            self.push(Op::ConditionEnter);
        }
        if let [command] = pipeline.seq.as_slice() {
            self.command(command)?;
        } else {
            let stages = pipeline.seq.iter().map(|command| {
                let mut stage = Self::new(self.dialect);
                stage.command(command)?;
                Ok(stage.finish())
            });
            let stages = stages.collect::<Compiled<Arc<[Arc<Code>]>>>()?;
            self.push(Op::Pipeline(stages));
        }
        if is_condition {
            self.push(Op::ConditionLeave);
        }
        if pipeline.bang {
            self.push(Op::Negate);
        }
        Ok(())
    }

    fn command(&mut self, command: &ast::Command) -> Compiled<()> {
        match command {
            ast::Command::Simple(simple) => {
                let simple = simple_command(simple, self.dialect)?;
                self.push(Op::Simple(Arc::new(simple)));
            }
            ast::Command::Compound(compound, redirects) => {
                self.redirected(redirects.as_ref(), |builder| builder.compound(compound))?;
            }
            ast::Command::Function(function) => {
                let mut body = Self::new(self.dialect);
                let ast::FunctionBody(compound, redirects) = &function.body;
                body.redirected(redirects.as_ref(), |builder| builder.compound(compound))?;
                let name = function.fname.value.clone();
                self.push(Op::DefineFunction { name, body: body.finish() });
            }
            ast::Command::ExtendedTest(test, redirects) => {
                let expression = Arc::new(test_expression(&test.expr, self.dialect)?);
                self.redirected(redirects.as_ref(), |builder| {
                    builder.push(Op::Test(expression));
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn redirected(
        &mut self,
        list: Option<&ast::RedirectList>,
        body: impl FnOnce(&mut Self) -> Compiled<()>,
    ) -> Compiled<()> {
        let Some(ast::RedirectList(list)) = list else { return body(self) };
        let mut redirects = Vec::new();
        for item in list {
            redirect(item, self.dialect, &mut redirects)?;
        }
        let start = self.push(Op::Redirect { redirects: redirects.into(), otherwise: 0 });
        body(self)?;
        self.push(Op::Restore);
        self.land(start);
        Ok(())
    }

    fn compound(&mut self, compound: &ast::CompoundCommand) -> Compiled<()> {
        match compound {
            ast::CompoundCommand::BraceGroup(group) => self.list(&group.list),
            ast::CompoundCommand::Subshell(subshell) => {
                let mut body = Self::new(self.dialect);
                body.list(&subshell.list)?;
                self.push(Op::Subshell(body.finish()));
                Ok(())
            }
            ast::CompoundCommand::IfClause(clause) => self.if_clause(clause),
            ast::CompoundCommand::WhileClause(clause) => self.while_clause(clause, Op::JumpIfFailure(0)),
            ast::CompoundCommand::UntilClause(clause) => self.while_clause(clause, Op::JumpIfSuccess(0)),
            ast::CompoundCommand::ForClause(clause) => self.for_clause(clause),
            ast::CompoundCommand::CaseClause(clause) => self.case_clause(clause),
            ast::CompoundCommand::Arithmetic(command) => {
                self.push(Op::Arithmetic(Arc::new(arithmetic(&command.expr.value, self.dialect)?)));
                Ok(())
            }
            ast::CompoundCommand::ArithmeticForClause(clause) => self.arithmetic_for(clause),
            ast::CompoundCommand::Coprocess(_) => Err(SyntaxError::Unsupported("coprocesses")),
        }
    }

    fn condition(&mut self, list: &ast::CompoundList) -> Compiled<()> {
        self.push(Op::ConditionEnter);
        self.list(list)?;
        self.push(Op::ConditionLeave);
        Ok(())
    }

    fn if_clause(&mut self, clause: &ast::IfClauseCommand) -> Compiled<()> {
        let mut ends = Vec::new();
        self.condition(&clause.condition)?;
        let mut otherwise = Some(self.push(Op::JumpIfFailure(0)));
        self.list(&clause.then)?;
        for next in clause.elses.iter().flatten() {
            ends.push(self.push(Op::Jump(0)));
            if let Some(jump) = otherwise.take() {
                self.land(jump);
            }
            if let Some(condition) = &next.condition {
                self.condition(condition)?;
                otherwise = Some(self.push(Op::JumpIfFailure(0)));
            }
            self.list(&next.body)?;
        }
        if let Some(jump) = otherwise {
            ends.push(self.push(Op::Jump(0)));
            self.land(jump);
            self.push(Op::SetStatus(0));
        }
        for end in ends {
            self.land(end);
        }
        Ok(())
    }

    fn while_clause(&mut self, clause: &ast::WhileOrUntilClauseCommand, leave: Op) -> Compiled<()> {
        let ast::WhileOrUntilClauseCommand(condition, body, _) = clause;
        let enter = self.push(Op::LoopEnter { continue_to: 0, end: 0 });
        let top = self.here();
        self.condition(condition)?;
        let leave = self.push(leave);
        self.list(&body.list)?;
        self.close_loop(enter, top, Some(leave));
        Ok(())
    }

    fn for_clause(&mut self, clause: &ast::ForClauseCommand) -> Compiled<()> {
        let words = match &clause.values {
            Some(values) => {
                let mut all = Vec::new();
                for value in values {
                    braced(value, self.dialect, &mut all)?;
                }
                Some(all.into())
            }
            None => None,
        };
        let enter = self.push(Op::ForEnter { words, continue_to: 0, end: 0 });
        let variable = clause.variable_name.clone();
        let listed = match &clause.values {
            Some(values) => values.iter().map(|value| value.value.as_str()).collect(),
            None => vec!["\"$@\""],
        };
        let typed = format!("for {variable} in {}", listed.join(" ")).into();
        let top = self.push(Op::ForNext { variable, exit: 0, typed });
        self.list(&clause.body.list)?;
        self.close_loop(enter, top, Some(top));
        Ok(())
    }

    fn arithmetic_for(&mut self, clause: &ast::ArithmeticForClauseCommand) -> Compiled<()> {
        if let Some(initializer) = &clause.initializer {
            self.push(Op::Arithmetic(Arc::new(arithmetic(&initializer.value, self.dialect)?)));
        }
        let enter = self.push(Op::LoopEnter { continue_to: 0, end: 0 });
        let start = self.push(Op::Jump(0));
        let top = self.here();
        if let Some(updater) = &clause.updater {
            self.push(Op::ConditionEnter);
            self.push(Op::Arithmetic(Arc::new(arithmetic(&updater.value, self.dialect)?)));
            self.push(Op::ConditionLeave);
        }
        self.land(start);
        let leave = match &clause.condition {
            Some(condition) if !condition.value.trim().is_empty() => {
                self.push(Op::ConditionEnter);
                self.push(Op::Arithmetic(Arc::new(arithmetic(&condition.value, self.dialect)?)));
                self.push(Op::ConditionLeave);
                Some(self.push(Op::JumpIfFailure(0)))
            }
            _ => None,
        };
        self.list(&clause.body.list)?;
        self.close_loop(enter, top, leave);
        Ok(())
    }

    fn close_loop(&mut self, enter: usize, top: usize, leave: Option<usize>) {
        let back = self.push(Op::LoopBack(top));
        if let Some(leave) = leave {
            self.land(leave);
        }
        self.push(Op::LoopLeave);
        let after = self.here();
        match &mut self.ops[enter] {
            Op::LoopEnter { continue_to, end } | Op::ForEnter { continue_to, end, .. } => {
                (*continue_to, *end) = (back, after);
            }
            other => panic!("{other:?} does not begin a loop"),
        }
    }

    fn case_clause(&mut self, clause: &ast::CaseClauseCommand) -> Compiled<()> {
        let typed = format!("case {} in", clause.value.value).into();
        self.push(Op::CaseEnter { word: Arc::new(word(&clause.value.value, self.dialect)?), typed });
        let mut ends = Vec::new();
        let mut falls_through = None;
        for item in &clause.cases {
            let test = self.push(Op::CaseTest { patterns: words(&item.patterns, self.dialect)?.into(), otherwise: 0 });
            if let Some(jump) = falls_through.take() {
                self.land(jump);
            }
            match &item.cmd {
                Some(list) => self.list(list)?,
                None => {
                    self.push(Op::SetStatus(0));
                }
            }
            let jump = self.push(Op::Jump(0));
            match item.post_action {
                ast::CaseItemPostAction::UnconditionallyExecuteNextCaseItem => falls_through = Some(jump),
                ast::CaseItemPostAction::ExitCase => ends.push(jump),
                ast::CaseItemPostAction::ContinueEvaluatingCases => {
                    return Err(SyntaxError::Unsupported("`;;&` in case items"));
                }
            }
            self.land(test);
        }
        self.push(Op::CaseLeave);
        for end in ends.into_iter().chain(falls_through) {
            self.land(end);
        }
        Ok(())
    }
}

fn words(values: &[ast::Word], dialect: Dialect) -> Compiled<Vec<Word>> {
    let mut all = Vec::new();
    for value in values {
        all.push(word(&value.value, dialect)?);
    }
    Ok(all)
}
