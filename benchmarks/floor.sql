-- The floor: one call writes the rows that posting one issue writes, and decides nothing that it need not.
-- The items are locked as any honest writer would lock them. What the product cannot leave out but a
-- floor can is left out: no row-level security, no reading back, no refusals, one cost for all goods.
CREATE TABLE floor_shop (
    no integer PRIMARY KEY,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    place_id uuid NOT NULL,
    customer_place_id uuid NOT NULL,
    unit_id uuid NOT NULL,
    party_id uuid NOT NULL,
    party_name text NOT NULL,
    day date NOT NULL
);
CREATE TABLE floor_item (
    shop integer,
    no integer,
    item_id uuid NOT NULL,
    PRIMARY KEY (shop, no)
);
CREATE SEQUENCE floor_numbers START 1000000 CACHE 64;

-- Documents are counted in the row of ``counter_no``. Where that is the shop itself, numbers are without
-- gaps and in the order of commits, as in the product, and every client waits for every other's flush.
-- Elsewhere clients count in rows of their own and number by a sequence: they share nothing but items.
CREATE FUNCTION floor_post(shop_no integer, counter_no integer, item_nos integer[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    nil CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    shop floor_shop;
    counter uuid;
    document uuid := uuidv7();
    command uuid := uuidv7();
    items uuid[];
    pools uuid[];
    worths numeric[];
    origins date[];
    sequences bigint[];
    flows integer[];
    posting bigint;
    serial bigint;
    moment timestamptz;
    mark bigint;
    number text;
    month date;
BEGIN
    SELECT * INTO shop FROM floor_shop WHERE no = shop_no;
    SELECT tenant_id INTO counter FROM floor_shop WHERE no = counter_no;
    month := date_trunc('month', shop.day);

    SELECT array_agg(item_id) INTO items FROM (
        SELECT g.item_id FROM floor_item f
        JOIN item_guard g ON g.tenant_id = shop.tenant_id AND g.item_id = f.item_id
        WHERE f.shop = shop_no AND f.no = ANY (item_nos) ORDER BY g.item_id FOR UPDATE OF g) locked;

    WITH taken AS (
        UPDATE pool SET quantity = quantity - 1, value = value - round(value / quantity, 2)
        WHERE tenant_id = shop.tenant_id AND item_id = ANY (items)
        RETURNING id, item_id, old.value - new.value AS worth)
    SELECT array_agg(id ORDER BY item_id), array_agg(worth ORDER BY item_id) INTO pools, worths
    FROM taken;
    WITH taken AS (
        UPDATE layer l SET quantity = l.quantity - 1, value = l.value - r.worth
        FROM unnest(pools, worths) WITH ORDINALITY r (pool_id, worth, n)
        WHERE l.tenant_id = shop.tenant_id AND l.pool_id = r.pool_id
        RETURNING r.n, l.origin_on, l.origin_sequence, l.origin_flow)
    SELECT array_agg(origin_on ORDER BY n), array_agg(origin_sequence ORDER BY n),
        array_agg(origin_flow ORDER BY n) INTO origins, sequences, flows FROM taken;
    UPDATE balance SET on_hand = on_hand - 1
    WHERE tenant_id = shop.tenant_id AND item_id = ANY (items) AND place_id = shop.place_id
        AND lot_id = nil;
    UPDATE period_balance SET quantity = quantity - 1
    WHERE tenant_id = shop.tenant_id AND item_id = ANY (items) AND place_id = shop.place_id
        AND lot_id = nil AND period >= month;
    UPDATE period_pool p SET quantity = p.quantity - 1, value = p.value - r.worth
    FROM unnest(items, pools, worths) r (item_id, pool_id, worth)
    WHERE p.tenant_id = shop.tenant_id AND p.item_id = r.item_id AND p.pool_id = r.pool_id
        AND p.period >= month;

    UPDATE tenant_sequence s SET posting = s.posting + 1, change = s.change + 1,
        last_posted_at = greatest(clock_timestamp(), s.last_posted_at)
    WHERE s.tenant_id = counter RETURNING s.posting, s.last_posted_at, s.change
    INTO posting, moment, mark;
    INSERT INTO number_series (tenant_id, type, day, last) VALUES (counter, 'issue', shop.day, 1)
    ON CONFLICT (tenant_id, type, day) DO UPDATE SET last = number_series.last + 1
    RETURNING last INTO serial;
    IF counter_no <> shop_no THEN
        posting := nextval('floor_numbers');
        serial := posting;
    END IF;
    number := format('SI-%s-%s', to_char(shop.day, 'YYYYMMDD'),
        lpad(serial::text, greatest(4, length(serial::text)), '0'));

    INSERT INTO document (tenant_id, id, type, state, number, sequence, business_date, posted_at,
        created_by, posted_by, changed, party_id, party_name, place_id, net, tax, total)
    VALUES (shop.tenant_id, document, 'issue', 'posted', number, posting, shop.day, moment,
        shop.user_id, shop.user_id, mark, shop.party_id, shop.party_name, shop.place_id,
        29.70, 0.00, 29.70);
    INSERT INTO document_line (tenant_id, document_id, no, item_id, unit_id, entered_quantity,
        numerator, denominator, quantity, unit_price, net, tax, total, place_id)
    SELECT shop.tenant_id, document, n, item_id, shop.unit_id, 1, 1, 1, 1, 9.90, 9.90, 0.00, 9.90,
        shop.place_id
    FROM unnest(items) WITH ORDINALITY r (item_id, n);
    INSERT INTO entry (tenant_id, sequence, no, document_id, line, item_id, place_id, lot_id,
        quantity, value, pool_id, effective_on, event_on, event_sequence, event_flow, event_line,
        leg, basis)
    SELECT shop.tenant_id, posting, 2 * r.n - 2 + side.no, document, r.n, r.item_id,
        CASE side.no WHEN 1 THEN shop.place_id ELSE shop.customer_place_id END, nil, side.sign,
        side.sign * r.worth, CASE side.no WHEN 1 THEN r.pool_id END, shop.day, shop.day, posting,
        r.n, r.n, CASE side.no WHEN 1 THEN 'source' ELSE 'target' END, 'cost'
    FROM unnest(items, pools, worths) WITH ORDINALITY r (item_id, pool_id, worth, n),
        (VALUES (1, -1), (2, 1)) side (no, sign);
    INSERT INTO layer_entry (tenant_id, sequence, event_sequence, event_flow, pool_id, origin_on,
        origin_sequence, origin_flow, event_on, item_id, quantity, value)
    SELECT shop.tenant_id, posting, posting, n, pool_id, origin_on, origin_sequence, origin_flow,
        shop.day, item_id, -1, -worth
    FROM unnest(items, pools, worths, origins, sequences, flows)
        WITH ORDINALITY r (item_id, pool_id, worth, origin_on, origin_sequence, origin_flow, n);
    INSERT INTO command (tenant_id, id, operation, hash_version, input_hash, outcome)
    VALUES (shop.tenant_id, command, 'postDocument', 1, sha256(uuid_send(command)),
        jsonb_build_object('id', document, 'state', 'posted', 'number', number));
    INSERT INTO audit (tenant_id, id, actor, action, kind, object_id, details)
    VALUES (shop.tenant_id, uuidv7(), shop.user_id, 'document.post', 'document', document,
        jsonb_build_object('type', 'issue', 'number', number));
    INSERT INTO outbox (tenant_id, id, topic, payload)
    VALUES (shop.tenant_id, uuidv7(), 'document.posted',
        jsonb_build_object('id', document, 'type', 'issue', 'number', number));
    RETURN posting;
END $$;
