-- A scope's tombstones are read in order of id when their histories are purged, and the erased memories when an index is opened.
create index memory_tombstone on memory (id) where state = 2;
create index history_erased on history (memory_id) where kind = 4;

-- What a tombstone or void row has to remember is its id, which is made of scope and key; the key itself goes with the memory.
update memory set key = null where state <> 1 and key is not null;
