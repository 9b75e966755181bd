//! From the form of a scenario file to a scenario: numbers within limits, words that are known.
//!
//! It doesn't know TOML.

use std::path::Path;

use archipelago::patterns::stock::policy::Lease;
use archipelago::patterns::stock::{PolicyKind, UNITS_MAX, Units};
use archipelago_core::command::route::Table;
use archipelago_core::id::IslandId;
use archipelago_core::island::Limits;
use archipelago_core::time::Millis;

use super::faults::{AboutMessages, Becomes, faults};
use super::form::{Form, LimitsForm, Number, Text, Workload};
use super::script::{Deed, millis, name};
use super::wrong::{Fault, unknown};
use super::{COMMANDS_MAX, ScenarioFile, Wanted, expect, orders};
use crate::check::Mark;
use crate::workload::warehouse::catalog::Percent;
use crate::workload::warehouse::laws::{Law, MARKS};
use crate::workload::warehouse::scenario::{Opening, Scenario, Shop};
use crate::workload::warehouse::{Command, ProductCode};

/// The most requests beside those of a script: a client runs so far ahead of its oldest unanswered
/// one, and the script's have the last numbers.
const BESIDE_MAX: u64 = 10_000;

/// Reads a file's text.
pub(super) fn read(text: &str, folder: &Path) -> Result<ScenarioFile, Fault> {
    let form: Form = toml::from_str(text).map_err(|error| Fault::of(&error))?;
    let default = ScenarioFile::default();
    let islands = match &form.islands {
        None => default.shop.islands,
        Some(number) => {
            let islands = u32::try_from(*number.get_ref()).unwrap_or(u32::MAX);
            let table = Table::modulo(islands);
            table.map_err(|error| Fault::at(number.span(), error.to_string()))?.islands()
        }
    };
    let mut file = ScenarioFile {
        shop: shop(&form, islands, folder)?,
        limits: limits(&form.limits)?,
        preset: faults(&form.faults)?,
        every_us: within("every_us", &form.workload.every_us, 0..=60_000_000, default.every_us)?,
        from: form.from.unwrap_or(default.from),
        seeds: within("seeds", &form.seeds, 1..=u64::from(u32::MAX), default.seeds)?,
        expect: expect::expect(&form.expect)?,
        ..default
    };
    let named = std::cell::Cell::new(0);
    let island = |number: &Number| match u32::try_from(*number.get_ref()) {
        Ok(island) if island < islands => {
            named.set(named.get().max(island + 1));
            Ok(IslandId(island))
        }
        _ => {
            let what = format!("there is no such island: they are 0 to {}", islands - 1);
            Err(Fault::at(number.span(), what))
        }
    };
    let tables =
        [(&form.drop, Becomes::Lost), (&form.late, Becomes::Late), (&form.twice, Becomes::Twice)];
    for (messages, becomes) in tables {
        for message in messages {
            file.messages.push(AboutMessages::read(message, becomes, island)?);
        }
    }
    for line in &form.script {
        file.script.push(line.read(island)?);
    }
    file.islands_named = named.get();
    let asked = file.script.iter().filter_map(|(_, deed)| match deed {
        Deed::Asked(command, _) => Some(command.clone()),
        Deed::Done(_) => None,
    });
    file.shop.named = asked.collect::<Vec<Command>>();
    if let (Some(line), true) = (form.script.first(), file.shop.requests() > BESIDE_MAX)
        && !file.shop.named.is_empty()
    {
        let what = format!("a script asks beside at most {BESIDE_MAX} commands");
        return Err(Fault::at(line.at_ms.span(), what));
    }
    if let Some(checks) = &form.checks {
        file.shop.laws = checks.iter().map(law).collect::<Result<_, _>>()?;
    }
    file.sometimes = form.sometimes.iter().map(wanted).collect::<Result<_, _>>()?;
    Ok(file)
}

/// A number within a range, or its default.
fn within(
    what: &str,
    number: &Option<Number>,
    range: std::ops::RangeInclusive<u64>,
    default: u64,
) -> Result<u64, Fault> {
    let Some(number) = number else { return Ok(default) };
    if range.contains(number.get_ref()) {
        return Ok(*number.get_ref());
    }
    let (least, most) = range.into_inner();
    Err(Fault::at(number.span(), format!("{what} is a whole number from {least} to {most}")))
}

fn shop(form: &Form, islands: u32, folder: &Path) -> Result<Shop, Fault> {
    let workload = &form.workload;
    let default = Scenario::default();
    let policy = policy(workload)?;
    let drawn = Scenario {
        islands,
        policy,
        commands: within("commands", &workload.commands, 0..=COMMANDS_MAX, default.commands)?,
        products: within("products", &workload.products, 1..=10_000, default.products)?,
        customers: within("customers", &workload.customers, 1..=1_000_000, default.customers)?,
        units_max: within("units_max", &workload.units_max, 0..=UNITS_MAX.0, default.units_max)?,
    };
    let mut shop = drawn.shop();
    shop.config.deadline = match &workload.deadline_ms {
        None => None,
        Some(number) => Some(Millis(millis("deadline_ms", number)?)),
    };
    let kept = u64::from(shop.config.orders_kept);
    shop.config.orders_kept =
        within("orders_kept", &workload.orders_kept, 0..=65_536, kept)? as u32;
    if let Some(file) = &workload.orders {
        alone(form, file)?;
        let most = within("orders_max", &workload.orders_max, 1..=COMMANDS_MAX, COMMANDS_MAX)?;
        let most_percent = Percent::MAX.into();
        let percent = within("stock_percent", &workload.stock_percent, 0..=most_percent, 100)?;
        let percent = Percent::new(percent as u32).expect("it is within the range");
        orders::serve(&mut shop, &folder.join(file.get_ref()), most, percent)
            .map_err(|error| Fault::at(file.span(), error.to_string()))?;
        return Ok(shop);
    }
    let of_file =
        [("orders_max", &workload.orders_max), ("stock_percent", &workload.stock_percent)];
    if let Some((key, number)) = of_file.iter().find_map(|(key, n)| n.as_ref().map(|n| (key, n))) {
        let what = format!("{key} is about a file of orders: say which, with orders = \"…\"");
        return Err(Fault::at(number.span(), what));
    }
    if !form.product.is_empty() {
        shop.stock = products(form)?;
    }
    Ok(shop)
}

/// A file of orders stands alone.
fn alone(form: &Form, file: &Text) -> Result<(), Fault> {
    let Workload { commands, products, customers, units_max, .. } = &form.workload;
    let drawn = [commands, products, customers, units_max];
    let odd = drawn.into_iter().flatten().map(Number::span);
    let mut odd = odd.chain(form.product.iter().map(|product| product.code.span()));
    match odd.next() {
        None => Ok(()),
        Some(span) => {
            let file = file.get_ref();
            let what = format!("the orders, customers and products come from {file:?} alone");
            Err(Fault::at(span, what))
        }
    }
}

fn products(form: &Form) -> Result<Vec<(ProductCode, Opening)>, Fault> {
    let drawn = [&form.workload.products, &form.workload.units_max];
    if let Some(number) = drawn.into_iter().flatten().next() {
        let what = "products are named with [[product]], so none are generated";
        return Err(Fault::at(number.span(), what));
    }
    let mut products: Vec<(ProductCode, Opening)> = Vec::new();
    for product in &form.product {
        let code: ProductCode = name(&product.code)?;
        if products.iter().any(|(known, _)| *known == code) {
            return Err(Fault::at(product.code.span(), format!("product {code} is there twice")));
        }
        let units = Some(product.units.clone());
        let units = within("units", &units, 0..=UNITS_MAX.0, 0)?;
        products.push((code, Opening::Units(Units(units))));
    }
    Ok(products)
}

fn policy(workload: &Workload) -> Result<PolicyKind, Fault> {
    let mut policy = PolicyKind::default();
    if let Some(text) = &workload.policy {
        let word = text.get_ref();
        let what =
            || Fault::at(text.span(), unknown("policy", word, ["lease", "ring", "isolated"]));
        policy = word.parse().map_err(|_| what())?;
    }
    match (&workload.chunk, policy) {
        (None, policy) => Ok(policy),
        (chunk @ Some(_), PolicyKind::Lease(_)) => {
            let chunk = Units(within("chunk", chunk, 0..=UNITS_MAX.0, 0)?);
            Ok(PolicyKind::Lease(Lease { chunk }))
        }
        (Some(chunk), _) => Err(Fault::at(chunk.span(), "chunk is for the policy lease alone")),
    }
}

fn limits(form: &LimitsForm) -> Result<Limits, Fault> {
    let mut limits = Limits::default();
    let most = u64::from(u32::MAX);
    let links = &mut limits.links;
    for (what, number, limit) in [
        ("window", &form.window, &mut links.window),
        ("held_max", &form.held_max, &mut links.held_max),
        ("kept_max", &form.kept_max, &mut links.kept_max),
    ] {
        *limit = within(what, number, 1..=1 << 20, u64::from(*limit))? as u32;
    }
    for (what, number, limit) in [
        ("clients_max", &form.clients_max, &mut limits.clients_max),
        ("timers_max", &form.timers_max, &mut limits.timers_max),
    ] {
        *limit = within(what, number, 1..=most, *limit as u64)? as usize;
    }
    limits.spilled_max = within("spilled_max", &form.spilled_max, 1..=most, limits.spilled_max)?;
    Ok(limits)
}

fn law(text: &Text) -> Result<Law, Fault> {
    let names = Law::ALL.map(|(_, name)| name);
    let what = || Fault::at(text.span(), unknown("check", text.get_ref(), names));
    Law::named(text.get_ref()).ok_or_else(what)
}

fn wanted(text: &Text) -> Result<Wanted, Fault> {
    let word = text.get_ref();
    if let Some((mark, name)) = Mark::ALL.into_iter().find(|(_, name)| name == word) {
        return Ok(Wanted::BuiltIn(mark, name));
    }
    if let Some(at) = MARKS.iter().position(|(name, _)| name == word) {
        return Ok(Wanted::Own(at));
    }
    let names = Mark::ALL.map(|(_, name)| name).into_iter().chain(MARKS.map(|(name, _)| name));
    Err(Fault::at(text.span(), unknown("mark", word, names)))
}
