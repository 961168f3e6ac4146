//! The messages of `proto/` as prost derives them, without anything of ours.

#[derive(Clone, PartialEq, prost::Message)]
pub struct HybridPublicKey {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub ed25519: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub ml_dsa_65: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct HybridSignature {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub ed25519: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub ml_dsa_65: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct BlobPointer {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub hash: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct AttachmentPointer {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub digest: Option<Vec<u8>>,
    #[prost(uint64, optional, tag = "3")]
    pub size: Option<u64>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Specimen {
    #[prost(uint32, optional, tag = "1")]
    pub number: Option<u32>,
    #[prost(uint64, optional, tag = "2")]
    pub big: Option<u64>,
    #[prost(bool, optional, tag = "3")]
    pub flag: Option<bool>,
    #[prost(int32, optional, tag = "4")]
    pub colour: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "5")]
    pub id: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "6")]
    pub data: Option<Vec<u8>>,
    #[prost(string, optional, tag = "7")]
    pub text: Option<String>,
    #[prost(message, optional, tag = "8")]
    pub part: Option<Part>,
    #[prost(message, repeated, tag = "9")]
    pub parts: Vec<Part>,
    #[prost(bytes = "vec", repeated, tag = "10")]
    pub chunks: Vec<Vec<u8>>,
    #[prost(uint32, optional, tag = "11")]
    pub note: Option<u32>,
    #[prost(oneof = "Choice", tags = "12, 13")]
    pub choice: Option<Choice>,
    #[prost(bool, optional, tag = "20")]
    pub late: Option<bool>,
    #[prost(bytes = "vec", optional, tag = "40")]
    pub token: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "63")]
    pub last: Option<u32>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Part {
    #[prost(uint32, optional, tag = "1")]
    pub number: Option<u32>,
    #[prost(message, optional, tag = "2")]
    pub mark: Option<Mark>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Mark {
    #[prost(string, repeated, tag = "1")]
    pub words: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Choice {
    #[prost(message, tag = "12")]
    Left(Part),
    #[prost(message, tag = "13")]
    Right(Mark),
}
