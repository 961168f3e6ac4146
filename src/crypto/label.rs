//! The registry of domain-separation labels. `docs/PROTOCOL.md` §2.2.
//!
//! A label is registered for one kind of operation, and each kind is a type: a label for hashing cannot be signed
//! under. No label is a prefix of another, so inputs that start with different labels never coincide.

/// What every label starts with. A new version of the protocol changes it, and with it every label.
pub const PREFIX: &str = "sottovoce/1 ";

macro_rules! registry {
    ($($(#[$kind_doc:meta])* $module:ident: $kind:ident { $($(#[$doc:meta])* $name:ident = $text:literal;)+ })+) => {
        $(
            $(#[$kind_doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub struct $kind(&'static str);

            impl $kind {
                /// The label with its prefix, as it enters the operation.
                pub const fn as_bytes(self) -> &'static [u8] {
                    self.0.as_bytes()
                }
            }

            $(#[$kind_doc])*
            pub mod $module {
                use super::$kind;
                $($(#[$doc])* pub const $name: $kind = $kind(concat!("sottovoce/1 ", $text));)+

                /// All labels of this kind.
                pub const ALL: &[$kind] = &[$($name),+];
            }
        )+

        /// Every label of every kind, with its prefix.
        pub const ALL: &[&str] = &[$($(concat!("sottovoce/1 ", $text),)+)+];
    };
}

registry! {
    /// Labels of hashes.
    hash: HashLabel {
        /// Id of a hybrid signing key.
        PAIR = "pair";
        /// Start of an attachment's digest.
        ATTACHMENT = "attachment";
        /// Step of an attachment's digest.
        CHUNK = "chunk";
        /// Header of a manifest, and so the id of a chain.
        HEADER = "manifest header";
        /// Body of a manifest.
        BODY = "manifest body";
        /// Id of a device.
        DEVICE = "device";
        /// Id of a server's online key.
        ONLINE_KEY = "online key";
        /// Leaf of a stock of one-time pairs.
        LEAF = "leaf";
        /// Node of a stock.
        NODE = "node";
        /// Fingerprint of an account or a server.
        IDENTITY = "identity";
        /// Step of a safety number.
        SAFETY_NUMBER = "safety number";
        /// Commitment before a short authentication string.
        SAS_COMMITMENT = "sas commitment";
        /// Short authentication string.
        SAS_CODE = "sas code";
        /// What a handshake begins with: whom it is for.
        HANDSHAKE_BUNDLE = "hs bundle";
        /// A handshake as far as it is sent in the clear.
        HANDSHAKE_OFFER = "hs offer";
        /// A whole handshake.
        HANDSHAKE_FULL = "hs full";
        /// What every message of a session is bound to.
        ASSOCIATED_DATA = "ad";
        /// An item of a stream.
        ITEM = "item";
        /// A stream before its first item.
        STREAM_START = "stream start";
        /// A stream with one more item.
        STREAM_STEP = "stream step";
        /// Which manifests two devices hold.
        VIEW = "view";
        /// What was sealed in one direction of a session.
        HISTORY = "history";
        /// A conversation of two accounts.
        DIRECT = "direct";
        /// A content.
        CONTENT = "content";
    }

    /// Labels of hybrid signatures.
    sign: SignLabel {
        /// A manifest of a chain.
        MANIFEST = "manifest signature";
        /// A device's prekey bundle.
        BUNDLE = "bundle signature";
        /// A stock of one-time prekeys.
        STOCK = "stock signature";
        /// A device's greeting to its server.
        HELLO = "hello signature";
    }

    /// Labels of signatures by Ed25519 alone.
    classical: ClassicalLabel {
        /// A device's possession of its keys.
        POSSESSION = "possession signature";
        /// A server's statement that an address belongs to an account.
        CERTIFICATE = "certificate signature";
        /// A server's statement that it is the one of a domain.
        DISCOVERY = "discovery signature";
        /// A frame from one server to another.
        FRAME = "frame signature";
    }

    /// Labels of MACs.
    mac: MacLabel {
        /// Proof of an earlier session.
        LINK = "link";
        /// Session of a device with its server.
        SESSION = "session";
        /// Name of a user towards one address.
        PSEUDONYM = "pseudonym";
        /// Permission to upload a blob.
        BLOB_GRANT = "blob grant";
    }

    /// Labels of key expansions.
    expand: ExpandLabel {
        /// Key commitment of a blob or attachment.
        COMMIT = "commit";
        /// Content key of a blob or attachment.
        SEAL = "seal";
        /// Recovery key of an account.
        RECOVERY_KEY = "recovery key";
        /// Keys of a store.
        VAULT = "vault";
        /// Nonce key of records at rest.
        REST_NONCE = "rest nonce";
        /// Content key of records at rest.
        REST_SEAL = "rest seal";
        /// Key of the deterministic generator.
        GENERATOR = "generator";
        /// Key of the identity block.
        HANDSHAKE_HIDDEN = "hs hidden";
        /// From the first secrets of a handshake to the second.
        HANDSHAKE_CHAIN = "hs chain";
        /// The keys of a session.
        HANDSHAKE_KEYS = "hs keys";
        /// Secret of the first answer.
        ANSWER = "answer";
        /// Root step of a ratchet.
        ROOT = "root";
        /// Tag and header keys of a chain.
        HEADER_KEYS = "header";
        /// Key of a message.
        MESSAGE = "msg";
        /// Secret and confirmation of the lane.
        LANE = "lane";
    }
}
