//! A process may end before any write, or after it and before it has heard of it.

use crate::apps::prompt;
use crate::apps::story::{moments, story};

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn whenever_a_process_ends_nothing_is_lost_or_doubled() {
    let writes = story(prompt, 0, None).unwrap();
    // Some of them in each run; all of them are `sottovoce-world crash`.
    let every = 100;
    let first = setting("SOTTOVOCE_SEED").unwrap_or_else(|| u64::from(std::process::id())) % every;
    println!("SOTTOVOCE_SEED={first}: {writes:?} writes");
    let chosen = moments(writes).skip(usize::try_from(first).unwrap()).step_by(100);
    let mut stories = 0;
    for (who, crash) in chosen {
        story(prompt, who, Some(crash)).unwrap();
        stories += 1;
    }
    println!("{stories} stories");
    assert!(stories > 10);
}
