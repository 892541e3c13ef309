//! Holds the program against its IDL: names, numbers, discriminators, layouts and lengths.

extern crate std;
use crate::{errors::Error, events, instructions, state};
use runtime::sha256;
use serde_json::Value;
use std::{string::String, vec::Vec};

fn idl() -> Value {
    serde_json::from_str(include_str!("../../idl/opinion_market.json")).expect("the IDL is JSON")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().expect("a list")
}

fn name(value: &Value) -> &str {
    value["name"].as_str().expect("a name")
}

/// `bondVault` and `BondVault` → `bond_vault`.
fn snake(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

fn discriminator(kind: &str, name: &str) -> [u8; 8] {
    let hash = sha256(&[kind.as_bytes(), b":", name.as_bytes()]);
    *hash.first_chunk().expect("32 bytes")
}

/// A field's length; a string counts as its length prefix.
fn length(kind: &Value) -> usize {
    match kind.as_str() {
        Some("u8" | "bool") => 1,
        Some("u32" | "string") => 4,
        Some("u64" | "i64") => 8,
        Some("publicKey") => 32,
        _ => kind["array"][1].as_u64().expect("an array's length") as usize,
    }
}

#[test]
fn errors_have_the_idl_s_names_and_numbers() {
    let idl = idl();
    let expected: Vec<_> = list(&idl, "errors")
        .iter()
        .map(|error| (name(error), error["code"].as_u64().expect("a number")))
        .collect();
    let ours: Vec<_> = Error::ALL.iter().map(|(name, error)| (*name, *error as u64)).collect();
    assert_eq!(ours, expected);
}

#[test]
fn an_error_s_log_words_are_its_name() {
    for (name, error) in Error::ALL {
        let words = snake(name).replace('_', " ").replace("utf8", "utf-8");
        assert_eq!(error.words(), words);
    }
}

#[test]
fn instructions_have_the_idl_s_discriminators() {
    let idl = idl();
    let expected: Vec<_> = list(&idl, "instructions")
        .iter()
        .map(|instruction| snake(name(instruction)))
        .map(|name| (name.clone(), discriminator("global", &name)))
        .collect();
    let ours: Vec<_> =
        instructions::ALL.iter().map(|(name, bytes, _)| (String::from(*name), **bytes)).collect();
    assert_eq!(ours, expected);
}

#[test]
fn instructions_take_the_idl_s_accounts() {
    for (instruction, (_, _, roles)) in list(&idl(), "instructions").iter().zip(instructions::ALL) {
        let expected: Vec<_> = list(instruction, "accounts")
            .iter()
            .map(|account| (snake(name(account)), account["isSigner"] == true, account["isMut"] == true))
            .collect();
        let ours: Vec<_> = roles.iter().map(|role| role.described()).collect();
        assert_eq!(ours, expected);
    }
}

#[test]
fn events_have_the_idl_s_discriminators_and_lengths() {
    let idl = idl();
    let expected: Vec<_> = list(&idl, "events")
        .iter()
        .map(|event| {
            let fields = list(event, "fields").iter().map(|field| length(&field["type"]));
            (String::from(name(event)), discriminator("event", name(event)), fields.sum())
        })
        .collect();
    let ours: Vec<(String, [u8; 8], usize)> = events::ALL
        .iter()
        .map(|(name, bytes, length)| (std::format!("{name}Event"), **bytes, *length))
        .collect();
    assert_eq!(ours, expected);
}

#[test]
fn accounts_have_the_idl_s_layouts() {
    let idl = idl();
    for ((ours, bytes, fields), account) in state::ALL.iter().zip(list(&idl, "accounts")) {
        assert_eq!(*ours, name(account));
        assert_eq!(**bytes, discriminator("account", ours));
        let mut offset = 8;
        let mut expected = Vec::new();
        for field in list(&account["type"], "fields") {
            let string = field["type"] == "string";
            let suffix = if string { "_len" } else { "" };
            expected.push((std::format!("{}{suffix}", snake(name(field))), offset));
            offset += length(&field["type"]);
        }
        let described: Vec<_> =
            fields.iter().map(|(field, offset)| (String::from(*field), *offset)).collect();
        assert_eq!(described, expected);
    }
    assert_eq!(state::ALL.len(), list(&idl, "accounts").len());
}
