-- Written by `python -m core.db.freeze dummy` from the tables declared in dummy.

CREATE TABLE dummy_order (
	tenant_id UUID NOT NULL, 
	hook TEXT NOT NULL, 
	what TEXT NOT NULL, 
	CONSTRAINT dummy_order_pkey PRIMARY KEY (tenant_id, hook)
);

alter table "dummy_order" enable row level security;

alter table "dummy_order" force row level security;

create policy tenant on "dummy_order" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "dummy_order" to tallybook_app;

grant select on "dummy_order" to tallybook_read;
