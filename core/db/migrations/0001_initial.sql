-- Written by `python -m core.db.freeze` from the tables declared in core.

create extension if not exists pg_trgm;

create function refuse_change() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op)
    using errcode = 'integrity_constraint_violation';
end
$$;

CREATE TABLE audit (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	actor UUID NOT NULL, 
	action TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	object_id UUID NOT NULL, 
	details JSONB NOT NULL, 
	CONSTRAINT audit_pkey PRIMARY KEY (tenant_id, id)
);

CREATE INDEX audit_tenant_id_at_id_idx ON audit (tenant_id, at, id);

CREATE INDEX audit_tenant_id_object_id_id_idx ON audit (tenant_id, object_id, id);

alter table "audit" enable row level security;

alter table "audit" force row level security;

create policy tenant on "audit" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "audit" to tallybook_app;

grant select on "audit" to tallybook_read;

create trigger append_only before update or delete on "audit" for each row execute function refuse_change();

create trigger never_truncated before truncate on "audit" for each statement execute function refuse_change();

CREATE TABLE category (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	parent_id UUID, 
	code TEXT NOT NULL, 
	code_key TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	path UUID[] NOT NULL, 
	active BOOLEAN DEFAULT true NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	changed BIGINT NOT NULL, 
	CONSTRAINT category_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT category_tenant_id_code_key_key UNIQUE (tenant_id, code_key), 
	CONSTRAINT category_path_ends_here CHECK (path[cardinality(path)] = id), 
	CONSTRAINT category_tenant_id_parent_id_fkey FOREIGN KEY(tenant_id, parent_id) REFERENCES category (tenant_id, id)
);

CREATE UNIQUE INDEX category_tenant_id_changed_idx ON category (tenant_id, changed);

CREATE INDEX category_tenant_id_name_id_idx ON category (tenant_id, name, id);

CREATE INDEX category_tenant_id_parent_id_idx ON category (tenant_id, parent_id);

alter table "category" enable row level security;

alter table "category" force row level security;

create policy tenant on "category" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "category" to tallybook_app;

grant select on "category" to tallybook_read;

CREATE TABLE command (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	operation TEXT NOT NULL, 
	hash_version SMALLINT NOT NULL, 
	input_hash BYTEA NOT NULL, 
	outcome JSONB NOT NULL, 
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT command_pkey PRIMARY KEY (tenant_id, id)
);

alter table "command" enable row level security;

alter table "command" force row level security;

create policy tenant on "command" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "command" to tallybook_app;

grant select on "command" to tallybook_read;

create trigger append_only before update or delete on "command" for each row execute function refuse_change();

create trigger never_truncated before truncate on "command" for each statement execute function refuse_change();

CREATE TABLE outbox (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	topic TEXT NOT NULL, 
	payload JSONB NOT NULL, 
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, id)
);

alter table "outbox" enable row level security;

alter table "outbox" force row level security;

create policy tenant on "outbox" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "outbox" to tallybook_app;

grant select on "outbox" to tallybook_read;

CREATE TABLE party (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	code TEXT NOT NULL, 
	code_key TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	mnemonic TEXT NOT NULL, 
	is_supplier BOOLEAN NOT NULL, 
	is_customer BOOLEAN NOT NULL, 
	country TEXT, 
	address TEXT, 
	phone TEXT, 
	tax_number TEXT, 
	active BOOLEAN DEFAULT true NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	changed BIGINT NOT NULL, 
	search TEXT NOT NULL, 
	CONSTRAINT party_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT party_tenant_id_code_key_key UNIQUE (tenant_id, code_key), 
	CONSTRAINT party_some_role CHECK (is_supplier or is_customer)
);

CREATE UNIQUE INDEX party_tenant_id_changed_idx ON party (tenant_id, changed);

CREATE INDEX party_tenant_id_name_id_idx ON party (tenant_id, name, id);

alter table "party" enable row level security;

alter table "party" force row level security;

create policy tenant on "party" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "party" to tallybook_app;

grant select on "party" to tallybook_read;

CREATE TABLE place (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	parent_id UUID, 
	code TEXT NOT NULL, 
	code_key TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	kind TEXT NOT NULL, 
	account TEXT, 
	zone TEXT, 
	path UUID[] NOT NULL, 
	negative_stock TEXT, 
	holds_stock BOOLEAN NOT NULL, 
	active BOOLEAN DEFAULT true NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	changed BIGINT NOT NULL, 
	CONSTRAINT place_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT place_tenant_id_code_key_key UNIQUE (tenant_id, code_key), 
	CONSTRAINT place_tenant_id_account_key UNIQUE (tenant_id, account), 
	CONSTRAINT place_kind_known CHECK (kind in ('organisation','store','warehouse','bin','transit','processor','virtual')), 
	CONSTRAINT place_account CHECK ((kind in ('virtual','transit')) = (account is not null)), 
	CONSTRAINT place_path_ends_here CHECK (path[cardinality(path)] = id), 
	CONSTRAINT place_negative_stock CHECK (negative_stock in ('forbid','allow')), 
	CONSTRAINT place_tenant_id_parent_id_fkey FOREIGN KEY(tenant_id, parent_id) REFERENCES place (tenant_id, id)
);

CREATE UNIQUE INDEX place_tenant_id_changed_idx ON place (tenant_id, changed);

CREATE INDEX place_tenant_id_name_id_idx ON place (tenant_id, name, id);

CREATE INDEX place_tenant_id_parent_id_idx ON place (tenant_id, parent_id);

alter table "place" enable row level security;

alter table "place" force row level security;

create policy tenant on "place" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "place" to tallybook_app;

grant select on "place" to tallybook_read;

CREATE TABLE tenant_sequence (
	tenant_id UUID NOT NULL, 
	posting BIGINT DEFAULT '0' NOT NULL, 
	change BIGINT DEFAULT '0' NOT NULL, 
	closed_through DATE, 
	rules_version BIGINT DEFAULT '1' NOT NULL, 
	halted BOOLEAN DEFAULT false NOT NULL, 
	last_posted_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT tenant_sequence_pkey PRIMARY KEY (tenant_id)
);

alter table "tenant_sequence" enable row level security;

alter table "tenant_sequence" force row level security;

create policy tenant on "tenant_sequence" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "tenant_sequence" to tallybook_app;

grant select on "tenant_sequence" to tallybook_read;

CREATE TABLE tenant_setting (
	tenant_id UUID NOT NULL, 
	values JSONB DEFAULT '{}' NOT NULL, 
	CONSTRAINT tenant_setting_pkey PRIMARY KEY (tenant_id)
);

alter table "tenant_setting" enable row level security;

alter table "tenant_setting" force row level security;

create policy tenant on "tenant_setting" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "tenant_setting" to tallybook_app;

grant select on "tenant_setting" to tallybook_read;

CREATE TABLE unit (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	code TEXT NOT NULL, 
	code_key TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	decimals SMALLINT NOT NULL, 
	active BOOLEAN DEFAULT true NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	changed BIGINT NOT NULL, 
	CONSTRAINT unit_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT unit_tenant_id_code_key_key UNIQUE (tenant_id, code_key), 
	CONSTRAINT unit_decimals CHECK (decimals between 0 and 6)
);

CREATE UNIQUE INDEX unit_tenant_id_changed_idx ON unit (tenant_id, changed);

alter table "unit" enable row level security;

alter table "unit" force row level security;

create policy tenant on "unit" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "unit" to tallybook_app;

grant select on "unit" to tallybook_read;

CREATE TABLE item (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	code TEXT NOT NULL, 
	code_key TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	kind TEXT NOT NULL, 
	category_id UUID, 
	base_unit_id UUID NOT NULL, 
	mnemonic TEXT NOT NULL, 
	list_price NUMERIC, 
	purchase_price NUMERIC, 
	weight NUMERIC, 
	volume NUMERIC, 
	negative_stock TEXT, 
	costing_method TEXT, 
	cost_scope TEXT, 
	standard_cost NUMERIC, 
	active BOOLEAN DEFAULT true NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	changed BIGINT NOT NULL, 
	search TEXT NOT NULL, 
	CONSTRAINT item_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT item_tenant_id_code_key_key UNIQUE (tenant_id, code_key), 
	CONSTRAINT item_kind_known CHECK (kind in ('stocked','service')), 
	CONSTRAINT item_negative_stock CHECK (negative_stock in ('forbid','allow')), 
	CONSTRAINT item_costing_method CHECK (costing_method in ('moving_average','fifo','standard','specific')), 
	CONSTRAINT item_cost_scope CHECK (cost_scope in ('item','item_place','item_lot','item_lot_place','serial')), 
	CONSTRAINT item_tenant_id_category_id_fkey FOREIGN KEY(tenant_id, category_id) REFERENCES category (tenant_id, id), 
	CONSTRAINT item_tenant_id_base_unit_id_fkey FOREIGN KEY(tenant_id, base_unit_id) REFERENCES unit (tenant_id, id)
);

CREATE INDEX item_tenant_id_category_id_idx ON item (tenant_id, category_id);

CREATE UNIQUE INDEX item_tenant_id_changed_idx ON item (tenant_id, changed);

CREATE INDEX item_tenant_id_name_id_idx ON item (tenant_id, name, id);

alter table "item" enable row level security;

alter table "item" force row level security;

create policy tenant on "item" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "item" to tallybook_app;

grant select on "item" to tallybook_read;

CREATE TABLE barcode (
	tenant_id UUID NOT NULL, 
	code TEXT COLLATE "C" NOT NULL, 
	item_id UUID NOT NULL, 
	unit_id UUID NOT NULL, 
	CONSTRAINT barcode_pkey PRIMARY KEY (tenant_id, code), 
	CONSTRAINT barcode_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT barcode_tenant_id_unit_id_fkey FOREIGN KEY(tenant_id, unit_id) REFERENCES unit (tenant_id, id)
);

CREATE INDEX barcode_tenant_id_item_id_idx ON barcode (tenant_id, item_id);

alter table "barcode" enable row level security;

alter table "barcode" force row level security;

create policy tenant on "barcode" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "barcode" to tallybook_app;

grant select on "barcode" to tallybook_read;

CREATE TABLE item_unit (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	unit_id UUID NOT NULL, 
	numerator NUMERIC NOT NULL, 
	denominator NUMERIC NOT NULL, 
	CONSTRAINT item_unit_pkey PRIMARY KEY (tenant_id, item_id, unit_id), 
	CONSTRAINT item_unit_ratio_positive CHECK (numerator > 0 and denominator > 0), 
	CONSTRAINT item_unit_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT item_unit_tenant_id_unit_id_fkey FOREIGN KEY(tenant_id, unit_id) REFERENCES unit (tenant_id, id)
);

alter table "item_unit" enable row level security;

alter table "item_unit" force row level security;

create policy tenant on "item_unit" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "item_unit" to tallybook_app;

grant select on "item_unit" to tallybook_read;
