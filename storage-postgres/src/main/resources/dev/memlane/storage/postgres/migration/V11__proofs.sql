-- Each proves that everything committed before it is in this database: an index relies on what it has seen only then.
create table proof (
  proof uuid primary key,
  holder uuid not null,
  -- ascending for each holder
  number bigint generated always as identity,
  left_at timestamptz not null
);
create index proof_of_holder on proof (holder, number);
create index proof_left_at on proof (left_at);
