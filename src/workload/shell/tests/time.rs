//! Time, signals and waits: what the recordings of the real kubelet show of the same commands.

use super::*;

fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

#[test]
fn commands_of_the_recordings_take_their_recorded_time() {
    for (script, stdout, status, millis) in [
        ("echo start; sleep 6; echo done", "start\ndone\n", 0, 6000),
        ("sleep 3; exit 2", "", 2, 3000),
        ("sleep 5; exit 3", "", 3, 5000),
        ("touch /tmp/healthy; sleep 10; rm -f /tmp/healthy; sleep 600", "", 0, 610_000),
        (
            "n=$(cat /w/n 2>/dev/null || echo 0); n=$((n+1)); echo $n > /tmp/n; sleep 2; [ $n -lt 3 ] && exit 42; exit 7",
            "",
            42,
            2000,
        ),
        ("n=2; n=$((n+1)); echo $n > /tmp/n; echo try $n; sleep 2; [ $n -ge 3 ]", "try 3\n", 0, 2000),
        ("trap 'exit 0' TERM; for i in $(seq 60); do sleep 1; done", "", 0, 60_000),
        (
            "JOB_COMPLETION_INDEX=2; echo index $JOB_COMPLETION_INDEX; sleep $((JOB_COMPLETION_INDEX + 2))",
            "index 2\n",
            0,
            4000,
        ),
        ("date; sleep 5", "Thu Jan  1 00:00:00 UTC 2026\n", 0, 5000),
        ("echo ok > /tmp/health;sleep 10;rm -fr /tmp/health;sleep 600", "", 0, 610_000),
        ("sleep 2; cat /data/hello 2>/dev/null", "", 1, 2000),
        ("sleep 0.5", "", 0, 500),
        ("sleep 1m 1s", "", 0, 61_000),
        ("sleep 5 & sleep 3; wait", "", 0, 5000),
        ("timeout 2 sleep 10", "", 143, 2000),
        ("timeout 5 sh -c 'sleep 1; exit 4'", "", 4, 1000),
        ("x=$(sleep 3; echo hi); echo $x", "hi\n", 0, 3000),
        ("sleep 2 | sleep 3", "", 0, 3000),
        ("(sleep 1; echo a) | while read x; do sleep 2; echo got $x; done", "got a\n", 0, 3000),
    ] {
        let (out, err, code, took) = run(script);
        assert_eq!((out.as_str(), code, took), (stdout, status, millis), "{script}: {err}");
    }
}

#[test]
fn programs_run_without_a_shell() {
    for (words, stdout, status, millis) in [
        (&["echo", "Hello from the container"][..], "Hello from the container\n", 0, 0),
        (&["/bin/echo", "Hello", "World"], "Hello World\n", 0, 0),
        (&["cat", "/tmp/healthy"], "", 1, 0),
        (&["test", "-f", "/tmp/up"], "", 1, 0),
        (&["sleep", "4"], "", 0, 4000),
        (&["/bin/bash", "-c", "sleep 1; echo {a,b}"], "a b\n", 0, 1000),
    ] {
        let mut world = TestWorld::new();
        let mut process = Process::start(argv(words), Options::default());
        let (end, when) = finish(&mut process, &mut world, SimTime::ZERO);
        assert_eq!((end, when, world.text().0.as_str()), (End::Exit(status), at(millis), stdout), "{words:?}");
    }
}

#[test]
fn the_main_process_ignores_term_without_a_handler() {
    let mut world = TestWorld::new();
    for mut process in [sh("sleep 600"), Process::start(argv(&["sleep", "600"]), Options::default())] {
        assert_eq!(process.resume(at(0), &mut world), Step::Sleep(at(600_000)));
        process.signal(Signal::Term);
        assert_eq!(process.resume(at(5000), &mut world), Step::Sleep(at(600_000)));
    }
}

#[test]
fn another_process_is_ended_by_term() {
    let mut world = TestWorld::new();
    let mut process = Process::start(argv(&["sleep", "600"]), Options { is_init: false, ..Options::default() });
    process.resume(at(0), &mut world);
    process.signal(Signal::Term);
    assert_eq!(process.resume(at(5000), &mut world), Step::Exit(143));
}

#[test]
fn a_trap_runs_when_the_foreground_command_has_ended() {
    let mut world = TestWorld::new();
    let mut process = sh("trap 'sleep 3; exit 5' TERM; sleep 10; echo never");
    process.resume(at(0), &mut world);
    process.signal(Signal::Term);
    assert_eq!(process.resume(at(4000), &mut world), Step::Sleep(at(10_000)));
    assert_eq!(process.resume(at(10_000), &mut world), Step::Sleep(at(13_000)));
    assert_eq!(process.resume(at(13_000), &mut world), Step::Exit(5));
    assert_eq!(world.text().0, "");
}

#[test]
fn a_trap_interrupts_wait() {
    let mut world = TestWorld::new();
    let mut process = sh("trap 'echo bye; exit 3' TERM; sleep 100 & wait");
    process.resume(at(0), &mut world);
    process.signal(Signal::Term);
    assert_eq!(process.resume(at(4000), &mut world), Step::Exit(3));
    assert_eq!(world.text().0, "bye\n");
}

#[test]
fn a_loop_that_only_sleeps_costs_no_events_and_keeps_its_phase() {
    let mut world = TestWorld::new();
    let mut process = sh("trap 'sleep 4; exit 0' TERM; while true; do sleep 0.5; done");
    let (end, when) = finish(&mut process, &mut world, SimTime::ZERO);
    assert_eq!(end, End::Waits);
    assert!(when <= at(2000), "noticed after a few turns, not at {when}");
    process.signal(Signal::Term);
    assert_eq!(process.resume(at(1_000_200), &mut world), Step::Sleep(at(1_000_500)));
    assert_eq!(finish(&mut process, &mut world, at(1_000_500)), (End::Exit(0), at(1_004_500)));
}

#[test]
fn a_loop_that_waits_for_a_file_names_it_and_sees_it_at_its_next_turn() {
    for script in [
        "until [ -f /data/out ]; do sleep 1; done; cat /data/out",
        "until grep -q pay /data/out 2>/dev/null; do sleep 1; done; cat /data/out",
    ] {
        let mut world = TestWorld::new();
        let mut process = sh(script);
        finish(&mut process, &mut world, SimTime::ZERO);
        let Step::Wait(wait) = process.clone().next_step_for_tests() else { panic!("{script}: it polls") };
        assert!(wait.files.contains(&"/data/out".to_owned()), "{wait:?}");
        world.files.put_file("/data/out", b"payload\n", 0o644, at(40_300));
        assert_eq!(process.resume(at(40_300), &mut world), Step::Sleep(at(41_000)));
        assert_eq!(process.resume(at(41_000), &mut world), Step::Exit(0));
        assert_eq!(world.text().0, "payload\n");
    }
}

#[test]
fn following_a_file_waits_for_it_to_grow() {
    let mut world = TestWorld::new();
    let mut process = sh("echo one > /tmp/log; tail -f /tmp/log");
    let step = process.resume(at(0), &mut world);
    assert_eq!(step, Step::Wait(WaitFor { until: SimTime::NEVER, files: vec!["/tmp/log".to_owned()] }));
    world.files.write("/tmp/log", WriteAt::End, b"two\n", at(10)).unwrap();
    process.resume(at(10), &mut world);
    assert_eq!(world.text().0, "one\ntwo\n");
}

#[test]
fn a_loop_that_never_sleeps_is_busy_and_can_be_ended() {
    let mut world = TestWorld::new();
    let mut process = sh("trap 'exit 9' TERM; while true; do :; done");
    let endless = Step::Busy(WaitFor { until: SimTime::NEVER, files: Vec::new() });
    assert_eq!(process.resume(at(0), &mut world), endless);
    assert_eq!(process.resume(at(500), &mut world), endless);
    assert_eq!(process.usage().cpu_milli, 1000);
    process.signal(Signal::Term);
    assert_eq!(process.resume(at(1000), &mut world), Step::Exit(9));
}

#[test]
fn answers_of_the_network_take_their_time() {
    for (script, status, millis, contains) in [
        ("wget -qO- http://web", 0, 20, "hello"),
        ("wget -q -T 5 -O- http://silent", 1, 5000, ""),
        ("nc -z -w 2 silent 80", 1, 2000, ""),
        ("until nslookup nobody; do sleep 2; break; done", 0, 2000, "NXDOMAIN"),
        ("curl -s -o /dev/null -w '%{http_code}' http://web/x", 0, 20, "404"),
        ("curl -sf http://web/x", 22, 20, ""),
        ("nc -z web 81", 1, 0, ""),
    ] {
        let (out, err, code, took) = run(script);
        assert_eq!((code, took), (status, millis), "{script}: {out}{err}");
        assert!(out.contains(contains), "{script}: {out}");
    }
}

#[test]
fn what_cannot_be_run_is_told_beforehand() {
    let check = |words: &[&str]| Process::understands(&argv(words), Userland::Busybox);
    assert_eq!(check(&["sh", "-c", "trap 'x' TERM; f() { sleep 1; }; f && echo $(date)"]), Understanding::Yes);
    assert_eq!(check(&["sleep", "3600"]), Understanding::Yes);
    assert_eq!(check(&["sh", "-c", "python app.py"]), Understanding::UnknownProgram("python".to_owned()));
    assert_eq!(check(&["nginx", "-g", "daemon off;"]), Understanding::UnknownProgram("nginx".to_owned()));
    assert_eq!(check(&["/app/run.sh"]), Understanding::NeedsFile("/app/run.sh".to_owned()));
    assert!(matches!(check(&["sh", "-c", "if true"]), Understanding::Broken(_)));
}

#[test]
fn an_unknown_command_is_127_and_is_remembered() {
    let mut world = TestWorld::new();
    let mut process = sh("frobnicate --now");
    assert_eq!(process.resume(at(0), &mut world), Step::Exit(127));
    assert_eq!(world.text().1, "/bin/sh: frobnicate: not found\n");
    assert_eq!(process.unknown_programs().collect::<Vec<_>>(), ["frobnicate"]);
}

#[test]
fn exec_replaces_the_shell_so_that_signals_reach_what_it_became() {
    for script in [
        "exec sh -c 'trap \"exit 7\" TERM; sleep 100 & wait'",
        "trap '' USR1; exec /bin/sh -c 'trap \"exit 7\" TERM; while true; do sleep 1; done'",
    ] {
        let mut world = TestWorld::new();
        let mut process = sh(script);
        process.resume(at(0), &mut world);
        process.signal(Signal::Term);
        assert_eq!(finish(&mut process, &mut world, at(500)).0, End::Exit(7), "{script}");
    }
    let (out, err, code, _) = run("exec echo $$ > /tmp/f");
    assert_eq!((out.as_str(), err.as_str(), code), ("", "", 0));
    assert_eq!(run("exec sh -c 'echo $$'").0, "1\n");
}

#[test]
fn a_busy_loop_that_looks_at_a_file_waits_for_it() {
    let mut world = TestWorld::new();
    let mut process = sh("until [ -f /tmp/go ]; do :; done; echo gone");
    let busy = Step::Busy(WaitFor { until: SimTime::NEVER, files: vec!["/tmp/go".to_owned()] });
    assert_eq!(process.resume(at(0), &mut world), busy);
    world.files.put_file("/tmp/go", b"", 0o644, at(700));
    assert_eq!(process.resume(at(700), &mut world), Step::Exit(0));
    assert_eq!(world.text().0, "gone\n");
}

#[test]
fn a_busy_loop_under_timeout_ends_with_it() {
    let mut world = TestWorld::new();
    let mut process = sh("timeout 5 sh -c 'while true; do :; done'; echo $?");
    let busy = Step::Busy(WaitFor { until: at(5000), files: Vec::new() });
    assert_eq!(process.resume(at(0), &mut world), busy);
    assert_eq!(finish(&mut process, &mut world, at(5000)), (End::Exit(0), at(5000)));
    assert_eq!(world.text().0, "143\n");
}

#[test]
fn a_long_computation_takes_time_and_ends() {
    let (out, _, code, millis) = run("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo $i");
    assert_eq!((out.as_str(), code), ("20000\n", 0));
    assert!((50..1000).contains(&millis), "{millis} ms");
}

#[test]
fn a_loop_that_counts_without_end_is_asked_ever_more_seldom() {
    let mut world = TestWorld::new();
    let mut process = sh("while true; do i=$((i+1)); done");
    let (mut now, mut steps) = (at(0), 0);
    while now < at(600_000) {
        let Step::Busy(wait) = process.resume(now, &mut world) else { panic!("it ended") };
        (now, steps) = (wait.until, steps + 1);
    }
    assert!(steps < 125, "{steps} steps in ten minutes");
}

#[test]
fn a_shared_parse_changes_nothing() {
    let mut programs = Programs::new();
    for _ in 0..2 {
        let mut world = TestWorld::new();
        let mut process = sh("trap 'echo bye' EXIT; sh -c 'echo in'; exit 3");
        assert_eq!(process.resume_sharing(at(0), &mut world, &mut programs), Step::Exit(3));
        assert_eq!(world.text().0, "in\nbye\n");
    }
}

#[test]
fn what_gathers_without_end_takes_all_memory_and_what_counts_its_bytes_ends() {
    let lines = "bash -c 'yes | { mapfile a; echo never; }'";
    for script in ["tail /dev/zero", "cat /dev/zero | sort", "x=ab; while true; do x=$x$x; done", lines] {
        let mut world = TestWorld::new();
        let mut process = sh(script);
        let (end, _) = finish(&mut process, &mut world, SimTime::ZERO);
        assert_eq!((end, process.usage().memory_bytes > 1 << 40), (End::Waits, true), "{script}");
    }
    assert_eq!(run("head -c 1000 /dev/zero | wc -c").0, "1000\n");
    assert_eq!(run("cat /dev/zero | head -c 100000 | wc -c").0, "100000\n");
    let mut process = sh("cat /dev/zero > /dev/null");
    finish(&mut process, &mut TestWorld::new(), SimTime::ZERO);
    assert_eq!((process.usage().cpu_milli, process.usage().memory_bytes), (1000, 0));
}
