//! Where a shell is in its code: calls, loops and what leaves them (`return`, `break`, `exit`, `set -e`).

use std::sync::Arc;

use super::super::code::Code;
use super::super::context::Context;
use super::super::kernel::{Run, Steady};
use super::super::shell::{Call, CallKind, Frame, Loop, Shell, TrapOn, Turn};
use super::redirection::restore;

impl Shell {
    /// Goes into other code; what `code` sees of arguments is `positional`, if any.
    pub fn call(&mut self, code: Arc<Code>, kind: CallKind, positional: Option<Vec<String>>) {
        let positional = positional.map(|new| std::mem::replace(&mut self.positional, Arc::new(new)));
        let before = std::mem::replace(&mut self.code, code);
        let call = Call { kind, code: before, pc: self.pc, positional, shadowed: Vec::new(), descriptors: Vec::new() };
        self.frames.push(Frame::Call(Box::new(call)));
        self.pc = 0;
    }

    /// Leaves the innermost frame.
    pub(super) fn pop_frame(&mut self, context: &mut Context<'_>) -> Option<Frame> {
        let frame = self.frames.pop()?;
        match &frame {
            Frame::Redirect(saved) => restore(context, saved.clone()),
            Frame::Call(call) => {
                self.code = Arc::clone(&call.code);
                self.pc = call.pc;
                if let Some(positional) = &call.positional {
                    self.positional = Arc::clone(positional);
                }
                for (name, before) in call.shadowed.iter().rev() {
                    self.put_back(name, before.clone());
                }
                restore(context, call.descriptors.clone());
                if let CallKind::Trap(status) = call.kind {
                    self.status = status;
                }
            }
            _ => {}
        }
        Some(frame)
    }

    /// `return`: leaves the innermost function or sourced file; false where there is none.
    pub fn return_from(&mut self, context: &mut Context<'_>, status: i32) -> bool {
        let returns = |frame: &Frame| matches!(frame, Frame::Call(call) if matches!(call.kind, CallKind::Function | CallKind::Source | CallKind::Trap(_)));
        if !self.frames.iter().any(returns) {
            return false;
        }
        while let Some(frame) = self.pop_frame(context) {
            if returns(&frame) {
                break;
            }
        }
        self.status = status;
        true
    }

    /// `break` and `continue`: out of `count` loops, or to the next turn of the last of them.
    pub fn leave_loops(&mut self, context: &mut Context<'_>, count: usize, goes_on: bool) {
        let boundary = |frame: &Frame| matches!(frame, Frame::Call(call) if call.kind == CallKind::Function);
        let depth = self.frames.iter().rev().take_while(|frame| !boundary(frame));
        let count = count.min(depth.filter(|frame| matches!(frame, Frame::Loop(_))).count());
        let mut left = 0;
        while left < count {
            if left + 1 == count
                && goes_on
                && let Some(Frame::Loop(innermost)) = self.frames.last()
            {
                self.pc = innermost.continue_to;
                return;
            }
            if let Some(Frame::Loop(ended)) = self.pop_frame(context) {
                self.pc = ended.end;
                left += 1;
            }
        }
    }

    pub(super) fn end_of_code(&mut self, context: &mut Context<'_>) -> Option<Run> {
        if !self.frames.iter().any(|frame| matches!(frame, Frame::Call(_))) {
            let status = self.exiting.unwrap_or(self.status);
            return self.exit(context, status);
        }
        while let Some(frame) = self.pop_frame(context) {
            if matches!(frame, Frame::Call(_)) {
                break;
            }
        }
        None
    }

    /// Ends the shell, after its EXIT trap.
    pub fn exit(&mut self, context: &mut Context<'_>, status: i32) -> Option<Run> {
        let Some(action) = self.traps.remove(&TrapOn::Exit).filter(|action| !action.is_empty()) else {
            return Some(Run::Exit(status & 0xff));
        };
        while self.pop_frame(context).is_some() {}
        (self.exiting, self.status, self.pc) = (Some(status), status, 0);
        self.captured.clear();
        match context.programs.get(&action, self.dialect) {
            Ok(code) => {
                self.code = code;
                None
            }
            Err(_) => Some(Run::Exit(status & 0xff)),
        }
    }

    /// A command has ended: `set -e`, and it was no pipeline that `PIPESTATUS` tells of.
    pub(super) fn check_failure(&mut self, context: &mut Context<'_>) -> Option<Run> {
        self.pipe_status.clear();
        if self.status != 0 && self.options.errexit && !self.in_condition() {
            self.exit(context, self.status)
        } else {
            None
        }
    }

    pub(super) fn enter_loop(&mut self, continue_to: usize, end: usize, items: Vec<String>) {
        self.frames.push(Frame::Loop(Box::new(Loop { continue_to, end, items, status: 0, turn: None })));
    }

    /// Notices loops whose turns are all alike.
    pub(super) fn end_of_turn(&mut self, context: &mut Context<'_>) {
        let (status, version) = (self.status, self.version);
        let Some(Frame::Loop(innermost)) = self.frames.last_mut() else { return };
        innermost.status = status;
        let turn = Turn { at: context.now, impure: context.kernel.impure, version, status };
        let looked_at = std::mem::take(&mut context.kernel.looked_at);
        let wakes = std::mem::take(&mut context.kernel.wakes);
        let is_alone = context.kernel.tasks.is_empty() && context.kernel.exited.is_empty();
        context.kernel.steady = match innermost.turn {
            Some(last)
                if is_alone && wakes == 1 && innermost.items.is_empty() && Turn { at: turn.at, ..last } == turn =>
            {
                Some(Steady { period: turn.at - last.at, impure: turn.impure, looked_at: looked_at.clone() })
            }
            _ => None,
        };
        let last = innermost.turn.replace(turn);
        if wakes == 0 && innermost.items.is_empty() && last == Some(turn) && context.kernel.is_endless(context.now) {
            context.kernel.endless = Some(looked_at);
        }
    }
}
