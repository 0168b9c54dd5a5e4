//! A host in memory, which reads and writes: what the standard methods are tested over.
//!
//! It has two accounts of one user, so that records can be copied, a third that may only be
//! read, and a fourth that has nothing. Faults can be ordered.

#![allow(dead_code, reason = "no test binary uses all of it")]

use openxport::data_types::contacts::{self, CONTACTS_CAPABILITY};
use openxport::data_types::mail::{self, SUBMISSION_CAPABILITY};
use openxport::json;
use openxport::store::{
    Account, Blobs, Contents, Empty, Fingerprint, Host, Id, Object, Record, Selection, Store,
    StoreError, StoreWriter, Update, Version, Visit, Wanted,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

pub const HOME: &str = "a1";
pub const WORK: &str = "a2";
/// Its data types can be read only.
pub const SHARED: &str = "a3";
/// It has no data of any type.
pub const BARE: &str = "a4";

pub struct MemoryHost {
    /// The first is the user's own.
    pub accounts: Vec<Account>,
    stores: Vec<(Id, &'static str, MemoryStore)>,
    /// Blobs that lie inside records, by account and id.
    pub blobs: BTreeMap<(String, String), Contents>,
    /// How long it takes to find one of them.
    pub blob_time: Duration,
    asked_for_capabilities: AtomicUsize,
}

impl MemoryHost {
    pub fn new() -> Self {
        let account = |id: &str, name: &str, is_personal, is_read_only| Account {
            id: self::id(id),
            name: name.to_owned(),
            is_personal,
            is_read_only,
        };
        let accounts = vec![
            account(HOME, "jane@example.com", true, false),
            account(WORK, "team@example.com", false, false),
            account(SHARED, "all@example.com", false, true),
            account(BARE, "none@example.com", false, false),
        ];
        let mut stores = Vec::new();
        for account in accounts.iter().filter(|one| one.id.as_str() != BARE) {
            for (data_type, prefix) in [("AddressBook", "b"), ("ContactCard", "c")] {
                let store = MemoryStore::new(prefix, !account.is_read_only);
                stores.push((account.id.clone(), data_type, store));
            }
        }
        // Only the user's own account has identities.
        let identities = MemoryStore::new("i", true);
        stores.push((id(HOME), "Identity", identities));
        Self {
            accounts,
            stores,
            blobs: BTreeMap::new(),
            blob_time: Duration::ZERO,
            asked_for_capabilities: AtomicUsize::new(0),
        }
    }

    pub fn of(&self, account: &str, data_type: &str) -> &MemoryStore {
        self.stores
            .iter()
            .find(|(id, name, _)| id.as_str() == account && *name == data_type)
            .map(|(_, _, store)| store)
            .expect("the memory host has this store")
    }

    /// How often anybody asked what an account can do.
    pub fn asked_for_capabilities(&self) -> usize {
        self.asked_for_capabilities.load(Ordering::Relaxed)
    }

    /// The cards of the user's own account.
    pub fn cards(&self) -> &MemoryStore {
        self.of(HOME, "ContactCard")
    }
}

impl Host for MemoryHost {
    fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    fn capability(&self, account: &Id, capability: &str) -> Option<Object> {
        self.asked_for_capabilities.fetch_add(1, Ordering::Relaxed);
        let is_own = account.as_str() == HOME;
        match capability {
            CONTACTS_CAPABILITY if account.as_str() != BARE => {
                Some(contacts::account_capability(None, true))
            }
            SUBMISSION_CAPABILITY if is_own => Some(mail::submission_account_capability()),
            _ => None,
        }
    }

    fn store(&self, account: &Id, data_type: &str) -> Option<&dyn Store> {
        if data_type == "EmailSubmission" && account.as_str() == HOME {
            return Some(&Empty);
        }
        self.stores
            .iter()
            .find(|(id, name, _)| id == account && *name == data_type)
            .map(|(_, _, store)| store as &dyn Store)
    }

    fn contents(&self, account: &Id, blob: &Id) -> Result<Option<Contents>, StoreError> {
        std::thread::sleep(self.blob_time);
        let key = (account.to_string(), blob.to_string());
        Ok(self.blobs.get(&key).cloned())
    }
}

/// What goes wrong with the next calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Unavailable,
    Backend,
    Forbidden,
    ForbiddenFrom,
    Conflict,
    TooLarge,
    OverQuota,
    TooOften,
    Singleton,
}

/// What happens amid a read.
#[derive(Clone, Copy, Debug)]
pub enum Amid {
    Fault(Fault),
    /// So much time passes.
    Wait(Duration),
}

/// What is counted of a store's use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub fingerprints: usize,
    pub scans: usize,
    pub reads: usize,
}

pub struct MemoryStore {
    prefix: &'static str,
    may_write: bool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    records: BTreeMap<String, Object>,
    /// Each write, and each change from outside that leaves a trace.
    revision: u128,
    faults: Vec<Fault>,
    scan_fault: Option<Fault>,
    /// What comes between two records of the next read, after so many of them.
    amid: Option<(usize, Amid)>,
    /// What happens between a record's read and its next update.
    meanwhile: Vec<(String, Object)>,
    /// What happens between the next look at the fingerprint and the next read.
    before_read: Vec<(String, Object)>,
    used: Used,
}

impl MemoryStore {
    pub fn new(prefix: &'static str, may_write: bool) -> Self {
        Self {
            prefix,
            may_write,
            inner: Mutex::default(),
        }
    }

    /// Puts a record there, as somebody else would who is no JMAP client.
    pub fn put(&self, id: &str, record: Value) {
        self.put_without_trace(id, record);
        self.inner().revision += 1;
    }

    /// The same, but the fingerprint stays as it was.
    pub fn put_without_trace(&self, id: &str, record: Value) {
        let Value::Object(record) = record else {
            panic!("a record is an object");
        };
        self.inner().records.insert(id.to_owned(), record);
    }

    pub fn take(&self, id: &str) {
        let mut inner = self.inner();
        inner.records.remove(id).expect("the record is there");
        inner.revision += 1;
    }

    /// The stored record, without `id`.
    pub fn get(&self, id: &str) -> Option<Value> {
        self.inner().records.get(id).cloned().map(Value::Object)
    }

    pub fn ids(&self) -> Vec<String> {
        self.inner().records.keys().cloned().collect()
    }

    /// The next reading or writing calls fail, one fault each.
    pub fn fail(&self, faults: &[Fault]) {
        self.inner().faults = faults.iter().rev().copied().collect();
    }

    /// This happens in the next read, after so many records.
    pub fn amid(&self, records: usize, amid: Amid) {
        self.inner().amid = Some((records, amid));
    }

    /// Just before the next update, somebody else puts this record there.
    pub fn meanwhile(&self, id: &str, record: Value) {
        let Value::Object(record) = record else {
            panic!("a record is an object");
        };
        self.inner().meanwhile.push((id.to_owned(), record));
    }

    /// Just before the next read, somebody else puts this record there.
    pub fn before_read(&self, id: &str, record: Value) {
        let Value::Object(record) = record else {
            panic!("a record is an object");
        };
        self.inner().before_read.push((id.to_owned(), record));
    }

    /// The next full scan fails.
    pub fn fail_next_scan(&self, fault: Fault) {
        self.inner().scan_fault = Some(fault);
    }

    pub fn used(&self) -> Used {
        self.inner().used
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no test panics in here")
    }

    fn check(&self) -> Result<(), StoreError> {
        let fault = self.inner().faults.pop();
        fault.map_or(Ok(()), |fault| Err(fault.error()))
    }

    fn pass(&self, amid: Amid) -> Result<(), StoreError> {
        match amid {
            Amid::Fault(fault) => Err(fault.error()),
            Amid::Wait(time) => {
                std::thread::sleep(time);
                Ok(())
            }
        }
    }
}

impl Fault {
    fn error(self) -> StoreError {
        let source = || "ordered by the test".into();
        match self {
            Self::Unavailable => StoreError::Unavailable(source()),
            Self::Backend => StoreError::Backend(source()),
            Self::Forbidden => StoreError::Forbidden("ordered by the test"),
            Self::Conflict => StoreError::Conflict,
            Self::TooLarge => StoreError::TooLarge,
            Self::OverQuota => StoreError::OverQuota,
            Self::TooOften => StoreError::TooOften,
            Self::Singleton => StoreError::Singleton,
            Self::ForbiddenFrom => StoreError::ForbiddenFrom,
        }
    }
}

impl Store for MemoryStore {
    fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
        let mut inner = self.inner();
        inner.used.fingerprints += 1;
        Ok(Fingerprint {
            digest: inner.revision,
            count: inner.records.len() as u64,
        })
    }

    fn versions(
        &self,
        visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.inner().used.scans += 1;
        let fault = self.inner().scan_fault.take();
        if let Some(fault) = fault {
            return Err(fault.error());
        }
        let records = self.inner().records.clone();
        for (id, record) in &records {
            let text = Value::Object(record.clone()).to_string();
            visit(id, Version::of([text.as_bytes()]))?;
        }
        Ok(())
    }

    fn read(
        &self,
        wanted: Wanted<'_>,
        _selection: &Selection,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        self.inner().used.reads += 1;
        self.check()?;
        let before = std::mem::take(&mut self.inner().before_read);
        for (id, record) in before {
            self.put(&id, Value::Object(record));
        }
        let records = self.inner().records.clone();
        let amid = self.inner().amid.take();
        let mut visited = 0;
        for (id, object) in &records {
            let is_wanted = match wanted {
                Wanted::All => true,
                Wanted::Ids(ids) => ids.iter().any(|wanted| wanted.as_str() == id),
            };
            if !is_wanted {
                continue;
            }
            if let Some((_, amid)) = amid.filter(|(after, _)| *after == visited) {
                self.pass(amid)?;
            }
            visited += 1;
            visit(&MemoryRecord { id, object })?;
        }
        Ok(())
    }

    fn writer(&self) -> Option<&dyn StoreWriter> {
        self.may_write.then_some(self)
    }
}

impl StoreWriter for MemoryStore {
    fn create(&self, object: &Object, _blobs: Blobs<'_>) -> Result<Id, StoreError> {
        self.check()?;
        let books = object.get("addressBookIds").and_then(Value::as_object);
        // All books that a test may make are there from the start.
        if books.is_some_and(|books| books.keys().any(|book| !book.starts_with('b'))) {
            return Err(StoreError::Invalid {
                properties: vec!["addressBookIds".to_owned()],
                reason: "there is no such address book".to_owned(),
            });
        }
        let mut object = object.clone();
        if self.prefix == "b" {
            object.insert("isDefault".into(), json!(false));
            object.insert("myRights".into(), json!({"mayRead": true}));
        }
        let mut inner = self.inner();
        inner.revision += 1;
        let id = (1..)
            .map(|key| format!("{}{key}", self.prefix))
            .find(|id| !inner.records.contains_key(id))
            .expect("there is always a next number");
        if self.prefix == "c" {
            let uid = || json!(format!("urn:example:of-{id}"));
            object.entry("uid").or_insert_with(uid);
        }
        inner.records.insert(id.clone(), object);
        Ok(self::id(&id))
    }

    fn update(&self, update: Update<'_>, _blobs: Blobs<'_>) -> Result<(), StoreError> {
        let Update { id, before, after } = update;
        self.check()?;
        let mut inner = self.inner();
        if let Some((id, record)) = inner.meanwhile.pop() {
            inner.records.insert(id, record);
            inner.revision += 1;
        }
        let stored = inner.records.get(id.as_str()).ok_or(StoreError::NotFound)?;
        let (before, after) = (without_id(before), without_id(after));
        if *stored != before {
            return Err(StoreError::Conflict);
        }
        inner.records.insert(id.as_str().to_owned(), after);
        inner.revision += 1;
        Ok(())
    }

    fn destroy(&self, id: &Id) -> Result<(), StoreError> {
        self.check()?;
        let mut inner = self.inner();
        let removed = inner.records.remove(id.as_str());
        inner.revision += 1;
        removed.map(|_| ()).ok_or(StoreError::NotFound)
    }

    fn find(&self, property: &str, value: &str) -> Result<Option<Id>, StoreError> {
        let inner = self.inner();
        let holds = |record: &Object| record.get(property).is_some_and(|held| held == value);
        let found = inner.records.iter().find(|(_, record)| holds(record));
        Ok(found.map(|(id, _)| self::id(id)))
    }
}

struct MemoryRecord<'a> {
    id: &'a str,
    object: &'a Object,
}

impl Record for MemoryRecord<'_> {
    fn id(&self) -> &str {
        self.id
    }

    fn emit(&self, selection: &Selection, out: &mut json::Writer) {
        out.begin_object();
        out.member("id", self.id);
        for (name, value) in self.object {
            if selection.wants(name) {
                out.key(name);
                out.serialize(value);
            }
        }
        out.end_object();
    }
}

pub fn id(text: &str) -> Id {
    Id::new(text).expect("a valid Id")
}

fn without_id(object: &Object) -> Object {
    let mut object = object.clone();
    object.remove("id");
    object
}
