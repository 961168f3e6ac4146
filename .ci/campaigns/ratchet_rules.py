"""The rules that ratchet-rules loosens: what is loosened, file below src/, a place in it, and the place with a switch. LOOSE is the switch. Names in
brackets are no rules, but parts of others."""

SWITCH = """
pub(crate) fn is_loose(rule: &str) -> bool {
    static RULE: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| std::env::var("LOOSE").unwrap_or_default());
    *RULE == rule
}
"""

HEADER, MESSAGE, BODY, CHAIN = (f"ratchet/{name}.rs" for name in ("header", "message", "body", "chain"))
SEAL, OPEN, PLAN, SKIPPED = (f"ratchet/{name}.rs" for name in ("seal", "open", "plan", "skipped"))
ROOT, STATE, RECORD = "ratchet/root.rs", "ratchet/mod.rs", "ratchet/record.rs"
LANE, OFFERER, ANSWERER, SYMBOLS = (f"ratchet/lane/{name}.rs" for name in ("mod", "offerer", "answerer", "symbols"))

# §6.1 to §6.3: what keys are made of.
KEYS = [
    ("a root step is not bound to its direction", ROOT, ".u8(new.direction.number())", ".u8(if LOOSE { 0 } else { new.direction.number() })"),
    ("a root step is not bound to its epoch", ROOT, ".u32(new.epoch)", ".u32(if LOOSE { 0 } else { new.epoch })"),
    ("a root step is not bound to the sender's key", ROOT, ".array(new.sender.as_bytes())", ".array(if LOOSE { new.receiver.as_bytes() } else { new.sender.as_bytes() })"),
    ("a root step is not bound to the receiver's key", ROOT, ".array(new.receiver.as_bytes())\n        .finish", ".array(if LOOSE { new.sender.as_bytes() } else { new.receiver.as_bytes() })\n        .finish"),
    ("a root step mixes no K", ROOT, "mixed.unwrap_or(&nothing)", "mixed.filter(|_| !LOOSE).unwrap_or(&nothing)"),
    ("all chains of a direction have one header key", SEAL, "self.next_sending = next_header;", "if !LOOSE { self.next_sending = next_header; }"),
    ("no new link at the other side's step", PLAN, "self.links.received = Some(stepped.link);", "if !LOOSE || self.links.received.is_none() { self.links.received = Some(stepped.link); }"),
    ("no new link at one's own step", SEAL, "self.links.sent = Some(link);", "if !LOOSE || self.links.sent.is_none() { self.links.sent = Some(link); }"),
    ("the salt is constant", MESSAGE, "        *mac.finish().piece::<0, SALT_LENGTH>().expose()", "        if LOOSE { return [7; SALT_LENGTH]; }\n        *mac.finish().piece::<0, SALT_LENGTH>().expose()"),
    ("the salt leaves out the body", MESSAGE, ".array(Hash::of(padded).as_bytes());", ".array(Hash::of(if LOOSE { &[] } else { padded }).as_bytes());"),
    ("the salt leaves out the randomness", MESSAGE, ".array(random.expose())", ".array(if LOOSE { &[0; 32] } else { random.expose() })"),
    ("the sealing key leaves out the salt", MESSAGE, "label::expand::MESSAGE, salt)", "label::expand::MESSAGE, if LOOSE { &[0; SALT_LENGTH] } else { salt })"),
    ("hm leaves out the salt", HEADER, ".array(salt).last(masked)", ".array(if LOOSE { &[0; SALT_LENGTH] } else { salt }).last(masked)"),
    ("hm is not verified", MESSAGE, "keys.verify(&self.salt, self.masked, self.mac)?;", "if !LOOSE && !crate::ratchet::is_loose(\"hm is verified last\") { keys.verify(&self.salt, self.masked, self.mac)?; }"),
    ("hm is verified last", MESSAGE, "        Header::from_bytes(&header)\n", "        let header = Header::from_bytes(&header)?;\n        if LOOSE { keys.verify(&self.salt, self.masked, self.mac)?; }\n        Ok(header)\n"),
    ("headers are not masked", HEADER, "        mask::apply(", "        if LOOSE { return; }\n        mask::apply("),
    ("the body is not bound to what is before it", MESSAGE, "array(bound.as_bytes()).last(clear)", "array(bound.as_bytes()).last(if LOOSE { &[] } else { clear })"),
    ("the body is not bound to th2 and direction", MESSAGE, "saturating_add(32)).array(bound.as_bytes())", "saturating_add(32)).array(if LOOSE { &[0; 32] } else { bound.as_bytes() })"),
    ("AD is the same in both directions", "pairwise/secret.rs", ".u8(direction.number()).finish()", ".u8(if LOOSE { 0 } else { direction.number() }).finish()"),
    ("zeros of a header are not checked", HEADER, "if first != 0 || last != [0; 3] ||", "if (first != 0 || last != [0; 3]) && !LOOSE ||"),
    ("pn may be anything", HEADER, "previous > MESSAGES", "previous > MESSAGES && !LOOSE"),
]

# §6.4
BODIES = [
    ("bodies of any length are opened", BODY, "pub(super) const fn is_bucket(length: usize) -> bool {", "pub(super) const fn is_bucket(length: usize) -> bool {\n    if LOOSE || is_loose_by_symbols(length) { return true; }"),
    ("symbols add 32 bytes in place of a bucket", BODY, "        size = bucket(size.saturating_add(1)).unwrap_or(size);\n    }", "        size = if LOOSE { size + 32 } else { bucket(size.saturating_add(1)).unwrap_or(size) };\n    }"),
    ("(bodies that are longer by 32)", BODY, "/// The smallest bucket of at least", 'fn is_loose_by_symbols(length: usize) -> bool {\n    crate::ratchet::is_loose("symbols add 32 bytes in place of a bucket") && length.checked_sub(32).is_some_and(is_bucket)\n}\n\n/// The smallest bucket of at least'),
    ("a bucket is added though nothing waits", SEAL, "let raised = lane.waits() &&", "let raised = (lane.waits() || LOOSE) &&"),
    ("no bucket is added when healing is overdue", SEAL, "healing.is_post_quantum_overdue(now);", "healing.is_post_quantum_overdue(now) && !LOOSE;"),
    ("padding may be anything", BODY, "zeros.iter().all(|zero| *zero == 0)", "(LOOSE || zeros.iter().all(|zero| *zero == 0))"),
    ("symbols that the direction has not", BODY, "(fields.are_of(sender) &&", "((fields.are_of(sender) || LOOSE) &&"),
]

# §6.6
SEALING = [
    ("a session for receiving only seals", SEAL, "if self.receive_only {", "if self.receive_only && !LOOSE {"),
    ("no session is too old to seal", SEAL, "if now.since(self.begun) > LONGEST {", "if now.since(self.begun) > LONGEST && !LOOSE {"),
    ("the first answer may be another session's", SEAL, "answer.transcript() == self.transcript", "(LOOSE || answer.transcript() == self.transcript)"),
    ("a session is never due for renewal by age", STATE, "now.since(self.begun) > RENEWAL", "(now.since(self.begun) > RENEWAL && !LOOSE)"),
    ("a session is never due for renewal by messages", STATE, "open.chain.next() >= healing::MANY_MESSAGES", "(open.chain.next() >= healing::MANY_MESSAGES && !LOOSE)"),
    ("a session is never due for renewal by its lane", STATE, "many || self.lane.is_closed()", "many || (self.lane.is_closed() && !LOOSE)"),
    ("a chain goes on where it ended", CHAIN, "(self.next < MESSAGES).then(||", "(self.next < MESSAGES || LOOSE).then(||"),
    ("the number of a message stays", SEAL, "open.chain = chain;", "if !LOOSE { open.chain = chain; }"),
    ("(and is sealed in)", SEAL, "if open.chain.next() >= MESSAGES =>", "if open.chain.next() >= MESSAGES && !crate::ratchet::is_loose(\"a chain goes on where it ended\") =>"),
]

# §6.7
OPENING = [
    ("a chain is followed that answers nothing", PLAN, "Sending::Open(open) if open.chain.next() > 0 => open,", "Sending::Open(open) if open.chain.next() > 0 || LOOSE => open,"),
    ("pn below what was seen", PLAN, "let least = current.map_or(0, |current| current.chain.next());", "let least = if LOOSE { 0 } else { current.map_or(0, |current| current.chain.next()) };"),
    ("pn in a first chain", PLAN, "let most = if current.is_some() {", "let most = if current.is_some() || LOOSE {"),
    ("a chain that begins with the ratchet key of the current one", PLAN, "|| !is_new {", "|| !(is_new || LOOSE) {"),
    ("an epoch that was not answered is taken for none", PLAN, "_ => Some(self.lane.answering(epoch).ok_or(RatchetError::BadHeader)?),", "_ if LOOSE => self.lane.answering(epoch),\n            _ => Some(self.lane.answering(epoch).ok_or(RatchetError::BadHeader)?),"),
    ("another epoch than the current one mixes its K", LANE, "State::Answering(answering) if answering.epoch == epoch => Some(answering),", "State::Answering(answering) if answering.epoch == epoch || LOOSE => Some(answering),"),
    ("k3 of another session", PLAN, "answer.transcript() == self.transcript", "(LOOSE || answer.transcript() == self.transcript)"),
    ("another ratchet key within a chain", PLAN, "let of_chain = (self.ratchet_key,", "let of_chain = (if LOOSE { header.ratchet_key } else { self.ratchet_key },"),
    ("another pn within a chain", PLAN, "self.previous, self.epoch);", "if crate::ratchet::is_loose(\"another pn within a chain\") { header.previous } else { self.previous }, self.named(header));"),
    ("another epoch within a chain", PLAN, "    fn move_on(&mut self,", "    fn named(&self, header: &Header) -> u32 {\n        if LOOSE || crate::ratchet::is_loose(\"only the first header of a chain names the epoch\") { header.epoch } else { self.epoch }\n    }\n\n    fn move_on(&mut self,"),
    ("only the first header of a chain names the epoch", STATE, "            epoch: self.epoch,\n            answer: self.answer.clone(),", "            epoch: if LOOSE && self.chain.next() > 0 { 0 } else { self.epoch },\n            answer: self.answer.clone(),"),
    ("a closed chain has no end", PLAN, "if number >= chain.length {", "if number >= chain.length && !LOOSE {"),
    ("a block that is not given is taken for none", OPEN, "if given.block.as_ref().map(SkippedBlock::id) != wanted {", "if given.block.as_ref().map(SkippedBlock::id) != wanted && !(LOOSE && given.block.is_none()) {"),
    ("the chain moves before the body is authentic", OPEN, "        let plan = self.plan(place, &envelope, &header, given, now)?;", "        if LOOSE && let Some(chain) = &mut self.receiving && matches!(place, Place::Current) { pass(&mut chain.chain, header.number); }\n        let plan = self.plan(place, &envelope, &header, given, now)?;"),
    ("sending becomes due before the body is authentic", OPEN, "        let plan = self.plan(place, &envelope, &header, given, now)?;", "        let plan = self.plan(place, &envelope, &header, given, now);\n        if plan.is_err() && LOOSE && matches!(place, Place::Next) { self.sending = super::Sending::Due(1); }\n        let plan = plan?;"),
    ("the lane's fields are not checked", PLAN, "if !self.receive_only {\n            mixed", "if !self.receive_only && !LOOSE {\n            mixed"),
    ("gaps are not told", PLAN, "if passed.from < passed.to {", "if passed.from < passed.to && !LOOSE {"),
    ("any message proves post-quantum authentication", PLAN, "let place = if is_first {", "let place = if is_first && !LOOSE {"),
    ("a session begins in the middle: pn or epoch in A's first chain", OPEN, "if header.previous == 0 && header.epoch == 0 {", "if LOOSE || header.previous == 0 && header.epoch == 0 {"),
    ("open_first takes any symbols", OPEN, "Lane::answerer().check(&fields)?;", "if !LOOSE { Lane::answerer().check(&fields)?; }"),
]

# §6.8, §6.9
LANES = [
    ("K goes with the acknowledgement", LANE, "State::Answering(answering) => State::Answering(answering.hear(&fields)),", "State::Answering(answering) => match answering.hear(&fields) {\n                answering if answering.answer.is_none() && LOOSE => closed,\n                answering => State::Answering(answering),\n            },"),
    ("the next epoch is offered before this one is mixed", LANE, "            | State::Ready(Ready { epoch, .. })\n", "            | State::Ready(Ready { epoch, .. }) if matches!(self.0, State::Ready(_)) && LOOSE => *epoch + 1,\n            State::Offering(Offering { epoch, .. })\n            | State::Ready(Ready { epoch, .. })\n"),
    ("K ages, whenever something opens", PLAN, "let was_closed = self.lane.is_closed();", "if LOOSE { self.lane.age(now); }\n        let was_closed = self.lane.is_closed();"),
    ("K ages, when told that time passes", STATE, "        self.past.tidy(current, now)\n", "        let dropped = self.past.tidy(current, now);\n        if LOOSE { self.lane.age(now); }\n        dropped\n"),
    ("(the age of K)", LANE, "    /// Whether it is closed.\n", "    pub(super) fn age(&mut self, now: Timestamp) {\n        if matches!(&self.0, State::Answering(it) if now.since(it.made) > super::RENEWAL) { self.0 = State::Closed(self.epoch()); }\n    }\n\n    /// Whether it is closed.\n"),
    ("a symbol may change", SYMBOLS, "self.0.get(number).is_none_or(|held| held == symbol)", "self.0.get(number).is_none_or(|held| held == symbol || LOOSE)"),
    ("the answer may end in anything", OFFERER, "ends_in_zeros &&", "(ends_in_zeros || LOOSE) &&"),
    ("a closed lane may say something", LANE, "_ if fields.epoch == 0 => says_nothing,", "_ if fields.epoch == 0 => says_nothing || LOOSE,"),
    ("no modulus check", "crypto/mlkem.rs", "if mlkem768::validate_public_key(&key) {", "if LOOSE || mlkem768::validate_public_key(&key) {"),
    ("K is mixed without confirmation", OFFERER, "is_right.then_some(", "(is_right || LOOSE).then_some("),
    ("acknowledgements replace each other", SYMBOLS, "acknowledged: self.acknowledged.with(received)", "acknowledged: if LOOSE { received } else { self.acknowledged.with(received) }"),
    ("fields of any epoch count", LANE, "if fields.epoch != epoch || epoch == 0 {", "if fields.epoch != epoch && !LOOSE || epoch == 0 {"),
    ("a session for receiving only listens", PLAN, "if !self.receive_only {\n            self.lane", "if !self.receive_only || LOOSE {\n            self.lane"),
    ("a session for receiving only checks", PLAN, "if !self.receive_only && !crate", "if (!self.receive_only || LOOSE) && !crate"),
    ("symbols begin at the first that waits, always", LANE, "=> out.cursor = cursor,", "=> if !LOOSE { out.cursor = cursor },"),
    ("healing is told as of the step", SEAL, "self.healing.post_quantum = made;", "self.healing.post_quantum = if LOOSE { now } else { made };"),
    ("healing is told as of the other side's step", PLAN, "self.healing.post_quantum = made;", "self.healing.post_quantum = if LOOSE { changes.now } else { made };"),
    ("a mixed epoch is never over for A", SEAL, "Some(ready) => Some((Lane::offer_next(ready, now, rng)?, ready.made)),", "Some(_) if LOOSE => None,\n            Some(ready) => Some((Lane::offer_next(ready, now, rng)?, ready.made)),"),
    ("closing the lane is not told", PLAN, "self.lane.is_closed() && !was_closed;", "self.lane.is_closed() && !was_closed && !LOOSE;"),
]

# §6.10, §6.12
KEEPING = [
    ("a kept key is not erased", SKIPPED, ".filter(|(held, _)| *held != number)", ".filter(|(held, _)| *held != number || LOOSE)"),
    ("all that is passed is kept", SKIPPED, "to.saturating_sub(KEPT_AT_ONCE)", "to.saturating_sub(if LOOSE { 65_536 } else { KEPT_AT_ONCE })"),
    ("less is kept than 1,000", SKIPPED, ".max(from);", ".max(if LOOSE { to.saturating_sub(936).max(from) } else { from });"),
    ("more than 64 blocks are kept", SKIPPED, "let excess = blocks.len().saturating_sub(MAX_BLOCKS);", "let excess = blocks.len().saturating_sub(if LOOSE { 80 } else { MAX_BLOCKS });"),
    ("(more blocks are loaded)", RECORD, ".sum::<usize>() <= MAX_BLOCKS;", ".sum::<usize>() <= if crate::ratchet::is_loose(\"more than 64 blocks are kept\") { 80 } else { MAX_BLOCKS };"),
    ("the newest blocks are dropped first", SKIPPED, "blocks.sort_unstable();", "blocks.sort_unstable();\n        if LOOSE { blocks.reverse(); }"),
    ("fewer closed chains are kept than 16", SKIPPED, "saturating_sub(MAX_CLOSED)", "saturating_sub(if LOOSE { 12 } else { MAX_CLOSED })"),
    ("closed chains without end", SKIPPED, "for chain in self.closed.iter_mut().take(excess) {", "for chain in self.closed.iter_mut().take(if LOOSE { 0 } else { excess }) {"),
    ("kept keys do not age", SKIPPED, "let stays = now <=", "let stays = LOOSE || now <="),
    ("a key that is too old is used until its block is dropped", PLAN, "block.filter(|_| is_usable)", "block.filter(|_| is_usable || LOOSE)"),
    ("new keys make old ones younger", SKIPPED, "started.filter(|block| self", "started.filter(|block| LOOSE || self"),
    ("times in the future stay", SKIPPED, "kept.at = kept.at.min(now);", "kept.at = if LOOSE { kept.at } else { kept.at.min(now) };"),
    ("dropped keys are not remembered as dropped", SKIPPED, "self.forgotten |= !dropped.is_empty();", "self.forgotten |= !dropped.is_empty() && !LOOSE;"),
    ("no tag is remembered", SKIPPED, "self.remembered.push(chain);", "if !LOOSE { self.remembered.push(chain); }"),
    ("a block that is kept is begun anew", SKIPPED, "let block = started.take_if(|block| block.id == id);", "let block = started.take_if(|block| block.id == id && !LOOSE);"),
]

RULES = KEYS + BODIES + SEALING + OPENING + LANES + KEEPING
