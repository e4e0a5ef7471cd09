-- The check locked the model's one row for every vector that was written, shared by all transactions under way. Models are
-- only ever added, and before any vector of theirs.
alter table memory_vector drop constraint memory_vector_model_fkey;
