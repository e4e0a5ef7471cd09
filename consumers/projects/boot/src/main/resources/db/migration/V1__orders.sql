create table orders (id bigint primary key, what text not null);
