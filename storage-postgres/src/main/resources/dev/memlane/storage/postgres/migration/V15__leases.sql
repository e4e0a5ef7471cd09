-- Work that one process at a time does for all, such as keeping an index that they share.
create table lease (
  name text primary key,
  holder uuid not null,
  until timestamptz not null
);
