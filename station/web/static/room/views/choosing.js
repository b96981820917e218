/** Who comes next: the list, and the card of whoever is chosen. After a take its strip stands above. */
import { h, kept } from "../../common/dom.js";
import { length } from "../../common/format.js";
import { fullName, listOf, usedVariants } from "../people.js";
import { say } from "../../common/say.js";
import { personOf } from "../screen.js";
import { verdictOf } from "../verdict.js";
import { button, earlier, mainButton, personLine, variantWords } from "./parts.js";

export function choosing(c) {
  return [
    c.screen === "next" && takeStrip(c),
    h("div", { class: "choosing", "data-key": "choosing" }, list(c), card(c)),
  ];
}

function takeStrip({ status, inHand, person }) {
  const opinion = person.playback || inHand.opinion ? [say(`review.opinion.${inHand.opinion ?? "none"}`)] : [];
  const { attention } = verdictOf(status.verdict, inHand);
  return h(
    "section",
    { class: "take", "data-key": "take", "aria-label": say("state.review.done") },
    h(
      "div",
      { class: "take-what" },
      personLine(person),
      h("span", {}, [variantWords(inHand.variant), length(inHand.seconds), ...opinion].join(" · ")),
      !person.playback && attention && h("span", { class: "attention" }, attention),
    ),
    h(
      "div",
      { class: "take-do" },
      button("continue", say("review.continue"), { kind: "second" }),
      person.playback && button("again", say("review.again"), { kind: "second" }),
      !person.playback &&
        inHand.opinion === null &&
        button("opinion", say("review.badly"), { data: { opinion: "badly" } }),
      inHand.opinion === "badly" && button("retake", say("review.retake"), { kind: "second" }),
      button("repair", say("card.repair")),
    ),
  );
}

function list(c) {
  const same = [c.edition, c.screen, c.local.whole, c.local.query].join(" ");
  return kept(same, "section", { class: "list", "data-key": "list", "aria-label": say("list.label") }, () => {
    const { rows, elsewhere, similar, hasOtherRooms } = listOf(c.facts, c.status, c.local);
    return [
      search(c.local.query),
      h(
        "ul",
        { class: "rows", tabindex: rows.length > 8 ? "0" : null, "aria-label": say("list.label") },
        rows.map((person) => row(person, "choose")),
      ),
      !rows.length && nobody(c.local.query.trim(), elsewhere, similar),
      hasOtherRooms && button("whole", say(c.local.whole ? "list.this_room" : "list.other_room"), { kind: "second" }),
    ];
  });
}

function search(query) {
  return h(
    "label",
    { class: "search" },
    h("span", { class: "unseen" }, say("list.search")),
    h("input", {
      type: "search",
      id: "search",
      "data-type": "query",
      "data-enter": "first",
      autocomplete: "off",
      spellcheck: "false",
      value: query,
      placeholder: say("list.search.placeholder"),
    }),
  );
}

/** One person of a list; pressing it does `act`. */
export function row(person, act) {
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button",
        class: "row",
        "data-act": act,
        "data-number": person.number,
        "aria-pressed": act === "choose" ? String(person.isChosen) : null,
      },
      h("span", { class: "row-name" }, person.name),
      h(
        "span",
        { class: "row-about" },
        person.class,
        person.extended && h("i", {}, say("card.extended")),
        person.showNumber && h("i", {}, say("list.number", { number: person.number })),
        person.room && h("i", {}, say("list.room", { room: person.room })),
      ),
      person.mark && h("span", { class: `row-mark ${person.mark.kind}` }, say(person.mark.key)),
    ),
  );
}

/** What is said where a search finds nobody, with the ways out; pressing one whose name is alike does `act`. */
export function nobody(query, elsewhere, similar, act = "choose") {
  if (!query) return h("p", { class: "nobody" }, say("list.empty"));
  if (elsewhere) return h("p", { class: "nobody", role: "status" }, say("list.elsewhere", { query, count: elsewhere }));
  return h(
    "div",
    { class: "nobody", role: "status" },
    h("p", {}, say("list.nobody", { query }), " ", say("list.nobody.do")),
    similar.length > 0 && h("p", {}, say("list.nobody.similar")),
    h(
      "ul",
      {},
      similar.slice(0, 5).map((person) => row(person, act)),
    ),
  );
}

function card(c) {
  const { status } = c;
  if (status.chosen === null) return asking();
  const person = personOf(c.facts, status.chosen.participant);
  const noted = status.participants.find((each) => each.number === person.number);
  const isSame = status.state === "review" && person.number === c.inHand.participant;
  return h(
    "section",
    { class: "card", "data-key": `card-${person.number}`, "aria-label": fullName(person) },
    h("h2", {}, fullName(person)),
    about(person, c.facts),
    recorded(noted, isSame),
    noted?.outcome === "absent" && h("p", { class: "note" }, say("card.was_absent")),
    noted?.outcome === "extra_date" && h("p", { class: "note" }, say("card.extra_date")),
    !isSame && fields(c, person),
    mainButton(c.main, { hasPedal: c.hasPedal }),
    !isSame && earlier("start", say("card.late")),
    h(
      "div",
      { class: "card-more" },
      button("unchoose", say("card.unchoose")),
      button("outcomes", say("card.outcome"), { data: { number: person.number } }),
      !isSame && noted?.takes.length > 0 && button("repair", say("card.repair"), { data: { number: person.number } }),
    ),
  );
}

function asking() {
  return h(
    "section",
    { class: "card asking", "data-key": "card-none" },
    h("h2", {}, say("card.choose")),
    h("p", { class: "hint" }, say("card.choose.do")),
  );
}

function about(person, facts) {
  const other = person.room !== "" && person.room !== facts.room;
  return h(
    "p",
    { class: "about" },
    h("span", { class: "class" }, person.class),
    person.extended && h("span", { class: "extended" }, say("card.extended")),
    other && h("span", { class: "other-room" }, say("card.other_room", { room: person.room })),
  );
}

function recorded(noted, isSame) {
  if (isSame || !noted?.takes.length) return null;
  const variants = usedVariants(noted);
  const what = variants.length ? say("card.recorded", { variant: variants.join(", ") }) : say("card.recorded.none");
  return h("p", { class: "note" }, what, ". ", say("card.recorded.do"));
}

function fields({ status, local }, person) {
  const draft = local.variant?.participant === person.number ? local.variant.text : (status.chosen.variant ?? "");
  return h(
    "div",
    { class: "fields" },
    h(
      "label",
      { class: "field" },
      h("span", {}, say("card.variant")),
      h("input", {
        type: "text",
        inputmode: "numeric",
        maxlength: 12,
        id: "variant",
        autocomplete: "off",
        "data-type": "variant",
        "data-change": "variant",
        "data-enter": "ready",
        value: draft,
        "aria-describedby": draft ? null : "no-variant",
      }),
    ),
    h(
      "label",
      { class: "field check" },
      h("input", {
        type: "checkbox",
        id: "document",
        "data-change": "document",
        checked: status.chosen.document_checked,
      }),
      h("span", {}, say("card.document")),
    ),
    !draft && h("p", { class: "hint", id: "no-variant" }, say("card.no_variant")),
  );
}
