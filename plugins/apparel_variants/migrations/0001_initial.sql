-- Written by `python -m core.db.freeze apparel_variants` from the tables declared in apparel_variants.

CREATE TABLE apparel_variants_colour (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	code TEXT COLLATE "C" NOT NULL, 
	name TEXT NOT NULL, 
	active BOOLEAN DEFAULT true NOT NULL, 
	CONSTRAINT apparel_variants_colour_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT apparel_variants_colour_tenant_id_code_key UNIQUE (tenant_id, code), 
	CONSTRAINT apparel_variants_colour_code CHECK (code <> '')
);

alter table "apparel_variants_colour" enable row level security;

alter table "apparel_variants_colour" force row level security;

create policy tenant on "apparel_variants_colour" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "apparel_variants_colour" to tallybook_app;

grant select on "apparel_variants_colour" to tallybook_read;

CREATE TABLE apparel_variants_counter (
	tenant_id UUID NOT NULL, 
	prefix TEXT NOT NULL, 
	next BIGINT NOT NULL, 
	CONSTRAINT apparel_variants_counter_pkey PRIMARY KEY (tenant_id, prefix), 
	CONSTRAINT apparel_variants_counter_next CHECK (next >= 0)
);

alter table "apparel_variants_counter" enable row level security;

alter table "apparel_variants_counter" force row level security;

create policy tenant on "apparel_variants_counter" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "apparel_variants_counter" to tallybook_app;

grant select on "apparel_variants_counter" to tallybook_read;

CREATE TABLE apparel_variants_pack (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	CONSTRAINT apparel_variants_pack_pkey PRIMARY KEY (tenant_id, item_id), 
	CONSTRAINT apparel_variants_pack_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id)
);

alter table "apparel_variants_pack" enable row level security;

alter table "apparel_variants_pack" force row level security;

create policy tenant on "apparel_variants_pack" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "apparel_variants_pack" to tallybook_app;

grant select on "apparel_variants_pack" to tallybook_read;

CREATE TABLE apparel_variants_size_group (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	code TEXT COLLATE "C" NOT NULL, 
	name TEXT NOT NULL, 
	CONSTRAINT apparel_variants_size_group_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT apparel_variants_size_group_tenant_id_code_key UNIQUE (tenant_id, code), 
	CONSTRAINT apparel_variants_size_group_code CHECK (code <> '')
);

alter table "apparel_variants_size_group" enable row level security;

alter table "apparel_variants_size_group" force row level security;

create policy tenant on "apparel_variants_size_group" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "apparel_variants_size_group" to tallybook_app;

grant select on "apparel_variants_size_group" to tallybook_read;

CREATE TABLE apparel_variants_size (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	size_group_id UUID NOT NULL, 
	code TEXT COLLATE "C" NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT apparel_variants_size_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT apparel_variants_size_tenant_id_size_group_id_fkey FOREIGN KEY(tenant_id, size_group_id) REFERENCES apparel_variants_size_group (tenant_id, id), 
	CONSTRAINT apparel_variants_size_tenant_id_size_group_id_code_key UNIQUE (tenant_id, size_group_id, code), 
	CONSTRAINT apparel_variants_size_tenant_id_size_group_id_position_key UNIQUE (tenant_id, size_group_id, position) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT apparel_variants_size_code CHECK (code <> '')
);

alter table "apparel_variants_size" enable row level security;

alter table "apparel_variants_size" force row level security;

create policy tenant on "apparel_variants_size" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "apparel_variants_size" to tallybook_app;

grant select on "apparel_variants_size" to tallybook_read;

CREATE TABLE apparel_variants_style (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	code TEXT COLLATE "C" NOT NULL, 
	name TEXT NOT NULL, 
	size_group_id UUID, 
	season TEXT, 
	year INTEGER, 
	band TEXT, 
	list_price NUMERIC, 
	purchase_price NUMERIC, 
	active BOOLEAN DEFAULT true NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	CONSTRAINT apparel_variants_style_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT apparel_variants_style_tenant_id_size_group_id_fkey FOREIGN KEY(tenant_id, size_group_id) REFERENCES apparel_variants_size_group (tenant_id, id), 
	CONSTRAINT apparel_variants_style_tenant_id_code_key UNIQUE (tenant_id, code), 
	CONSTRAINT apparel_variants_style_code CHECK (code <> ''), 
	CONSTRAINT apparel_variants_style_year CHECK (year BETWEEN 1900 AND 9999), 
	CONSTRAINT apparel_variants_style_prices CHECK (list_price >= 0 AND purchase_price >= 0)
);

CREATE INDEX apparel_variants_style_tenant_id_year_season_idx ON apparel_variants_style (tenant_id, year, season);

alter table "apparel_variants_style" enable row level security;

alter table "apparel_variants_style" force row level security;

create policy tenant on "apparel_variants_style" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "apparel_variants_style" to tallybook_app;

grant select on "apparel_variants_style" to tallybook_read;

CREATE TABLE apparel_variants_variant (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	style_id UUID NOT NULL, 
	colour_id UUID, 
	size_id UUID, 
	CONSTRAINT apparel_variants_variant_pkey PRIMARY KEY (tenant_id, item_id), 
	CONSTRAINT apparel_variants_variant_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT apparel_variants_variant_tenant_id_style_id_fkey FOREIGN KEY(tenant_id, style_id) REFERENCES apparel_variants_style (tenant_id, id), 
	CONSTRAINT apparel_variants_variant_tenant_id_colour_id_fkey FOREIGN KEY(tenant_id, colour_id) REFERENCES apparel_variants_colour (tenant_id, id), 
	CONSTRAINT apparel_variants_variant_tenant_id_size_id_fkey FOREIGN KEY(tenant_id, size_id) REFERENCES apparel_variants_size (tenant_id, id), 
	CONSTRAINT apparel_variants_variant_tenant_id_style_id_colour_id_s_2d7e UNIQUE NULLS NOT DISTINCT (tenant_id, style_id, colour_id, size_id)
);

CREATE INDEX apparel_variants_variant_tenant_id_colour_id_idx ON apparel_variants_variant (tenant_id, colour_id);

CREATE INDEX apparel_variants_variant_tenant_id_size_id_idx ON apparel_variants_variant (tenant_id, size_id);

alter table "apparel_variants_variant" enable row level security;

alter table "apparel_variants_variant" force row level security;

create policy tenant on "apparel_variants_variant" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "apparel_variants_variant" to tallybook_app;

grant select on "apparel_variants_variant" to tallybook_read;

CREATE TABLE apparel_variants_pack_line (
	tenant_id UUID NOT NULL, 
	pack_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	quantity INTEGER NOT NULL, 
	CONSTRAINT apparel_variants_pack_line_pkey PRIMARY KEY (tenant_id, pack_id, item_id), 
	CONSTRAINT apparel_variants_pack_line_tenant_id_pack_id_fkey FOREIGN KEY(tenant_id, pack_id) REFERENCES apparel_variants_pack (tenant_id, item_id), 
	CONSTRAINT apparel_variants_pack_line_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES apparel_variants_variant (tenant_id, item_id), 
	CONSTRAINT apparel_variants_pack_line_quantity CHECK (quantity BETWEEN 1 AND 10000)
);

CREATE INDEX apparel_variants_pack_line_tenant_id_item_id_idx ON apparel_variants_pack_line (tenant_id, item_id);

alter table "apparel_variants_pack_line" enable row level security;

alter table "apparel_variants_pack_line" force row level security;

create policy tenant on "apparel_variants_pack_line" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "apparel_variants_pack_line" to tallybook_app;

grant select on "apparel_variants_pack_line" to tallybook_read;

create trigger append_only before update or delete on "apparel_variants_pack_line" for each row execute function refuse_change();

create trigger never_truncated before truncate on "apparel_variants_pack_line" for each statement execute function refuse_change();
