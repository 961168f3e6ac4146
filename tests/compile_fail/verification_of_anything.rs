//! A contact becomes verified by a comparison, not by a fingerprint.
use sottovoce::identity::ids::Fingerprint;
use sottovoce::identity::trust::ContactTrust;

fn verified(contact: &mut ContactTrust, fingerprint: Fingerprint) {
    let _ = contact.verify(fingerprint);
}

fn main() {}
