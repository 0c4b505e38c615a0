//! `transcript.txt`: each step's command and what it printed, as a terminal would have shown it.

use std::fmt::Write;

use crate::record::Record;

/// The whole transcript.
pub fn transcript(record: &Record) -> String {
    let mut text = String::new();
    for step in &record.steps {
        write(&mut text, step).expect("writing into a String cannot fail");
    }
    text
}

fn write(text: &mut String, step: &crate::record::Step) -> std::fmt::Result {
    if !text.is_empty() {
        text.push('\n');
    }
    writeln!(text, "[{}s] $ {}", step.start, step.command)?;
    text.push_str(&step.output);
    if !step.output.is_empty() && !step.output.ends_with('\n') {
        text.push('\n');
    }
    match step.exit {
        Some(code) if code != 0 => writeln!(text, "[exit code {code}]")?,
        _ => {}
    }
    if !step.end.is_some() {
        writeln!(text, "[still running when the run ended]")?;
    } else if step.end > step.start {
        writeln!(text, "[ended at {}s]", step.end)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Moment, Step};

    #[test]
    fn a_step_shows_time_command_output_and_a_bad_exit() {
        let start = Moment::from_millis(30_000);
        let step = |command: &str, output: &str, exit| Step {
            number: 0,
            name: String::new(),
            command: command.to_owned(),
            start,
            end: start,
            exit,
            output: output.to_owned(),
        };
        let steps = vec![
            step("kubectl scale deployment web --replicas=4", "deployment.apps/web scaled\n", Some(0)),
            step("kubectl get pod nope", "Error from server (NotFound): pods \"nope\" not found", Some(1)),
        ];
        let record = Record { steps, ..Record::default() };
        let expected = "[30.000s] $ kubectl scale deployment web --replicas=4\ndeployment.apps/web scaled\n\n\
            [30.000s] $ kubectl get pod nope\nError from server (NotFound): pods \"nope\" not found\n[exit code 1]\n";
        assert_eq!(transcript(&record), expected);
    }
}
