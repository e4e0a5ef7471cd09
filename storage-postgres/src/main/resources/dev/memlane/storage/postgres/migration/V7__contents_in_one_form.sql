-- A content that a scope holds once is known by the hash of its text's one form: composed, without what is not seen. SQL can't compute
-- it; the rows whose hashes may differ are listed here, and the next program that opens the store computes them and empties the list.
create table memory_rehash (
  id uuid primary key
);
-- What is ASCII has that form already.
insert into memory_rehash
  select id from memory where dedup_hash is not null and octet_length(content) <> char_length(content);
