-- The models whose vectors are kept. A vector's row names its model by number, to stay small.
create table embedding_model (
  id smallint generated always as identity primary key,
  name text not null unique,
  dimension integer not null check (dimension > 0)
);

-- Core: one row per memory, what is true now.
create table memory (
  id uuid primary key,
  -- 1 live, 2 deleted (a tombstone), 3 void (an undone or fenced add)
  state smallint not null check (state between 1 and 3),
  -- for people: 1, 2, 3
  version integer not null,
  -- the operation that made this state
  op uuid not null,
  -- the last physical change of the row: the operation's own id, or a fresh one; never used twice
  stamp uuid not null,
  user_id text,
  agent_id text,
  run_id text,
  key text,
  actor text,
  content text,
  content_hash uuid,
  -- set only while the row is live and its scope asks for exact-content deduplication
  dedup_hash uuid,
  metadata jsonb not null default '{}',
  occurred_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz not null,
  expires_at timestamptz,
  check (state <> 1 or content is not null and content_hash is not null and created_at is not null
    and num_nonnulls(user_id, agent_id, run_id) > 0)
) with (fillfactor = 85);

-- Updates touch none of these columns, so they stay heap-only.
create index memory_user on memory (user_id, id) where state = 1 and user_id is not null;
create index memory_agent on memory (agent_id, id) where state = 1 and agent_id is not null;
create index memory_run on memory (run_id, id) where state = 1 and run_id is not null;
create index memory_gone on memory (updated_at) where state <> 1;
create index memory_expiring on memory (expires_at) where state = 1 and expires_at is not null;
create unique index memory_dedup on memory (user_id, agent_id, run_id, dedup_hash) nulls not distinct
  where dedup_hash is not null;

-- The vectors, beside core, so that its rows stay small; one per model, because a change of model keeps both for a while.
create table memory_vector (
  memory_id uuid not null,
  model smallint not null references embedding_model,
  -- the operation whose content it is the vector of
  op uuid not null,
  -- little-endian 32-bit floats
  vector bytea not null,
  primary key (memory_id, model)
);
alter table memory_vector alter column vector set storage plain;

-- History: the log, one entry per operation.
create table history (
  -- not (memory, version): a version whose operation was undone comes back
  op uuid primary key,
  memory_id uuid not null,
  version integer not null,
  -- 1 add, 2 update, 3 delete, 4 erase
  kind smallint not null check (kind between 1 and 4),
  old_content text,
  new_content text,
  old_metadata jsonb,
  new_metadata jsonb,
  actor text,
  at timestamptz not null,
  -- the operation was undone: the entry has lost its content and counts for nothing
  void boolean not null default false,
  -- the transaction that wrote the entry or made it void: what followers ask for
  xid xid8 not null default pg_current_xact_id()
);
create index history_memory on history (memory_id, version);
create index history_xid on history (xid);
