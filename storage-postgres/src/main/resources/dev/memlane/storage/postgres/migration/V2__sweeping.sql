-- Void entries are looked for by age when they are swept.
create index history_void on history (at) where void;
