/** «Сканы»: whose papers nobody knows yet, with a picture; what is wrong with others, a line each. */
import { h } from "../../common/dom.js";
import { say } from "../../common/say.js";
import { shape } from "../../common/shapes.js";
import { button, part, unseen } from "./parts.js";

export function scans(office) {
  const found = office.found("scans");
  return part("scans", say("scans.title"), unseen(office, "scans"), found && [
    h("p", { class: "hint", "data-key": "counted", role: "status" }, say("scans.counted", { good: found.papers.length, unknown: found.unassigned.length, problems: found.problems.length }),
      found.waiting > 0 && ` ${say("scans.waiting", { count: found.waiting })}`),
    found.unassigned.length > 0 && h("ul", { class: "scans", "data-key": "unassigned" }, found.unassigned.map(unknown)),
    found.problems.length > 0 && h("div", { "data-key": "problems" }, h("h3", {}, say("scans.problems")),
      h("ul", { class: "lines" }, found.problems.map((one) => problem(office, one)))),
    listed("papers", say("scans.papers", { count: found.papers.length }), found.papers.map((one) => [one, paper(one), one.evidence === "decision"])),
    listed("aside", say("scans.aside", { count: found.aside.length }), found.aside.map((one) => [one, one.reason, true])),
  ]);
}

function unknown({ scan: { file, sha256, pages }, candidates }) {
  return h("li", { class: "scan", "data-key": `${sha256} ${file}` },
    h("a", { href: picture(file, sha256), target: "_blank", rel: "noopener" },
      h("img", { src: picture(file, sha256), alt: say("scans.picture", { file }), loading: "lazy" })),
    h("div", {},
      h("p", {}, h("b", {}, file), " ", h("small", {}, say("scans.pages", { count: pages }))),
      candidates.length > 0 && h("p", { class: "hint" }, say("scans.likely")),
      candidates.map(({ number, name }) => button("assign", `№ ${number} ${name}`, { kind: "second", data: { file, sha256, number }, "data-key": number })),
      h("div", { class: "row-of" },
        button("ask_assign", say(candidates.length > 0 ? "assign" : "assign.first"), { kind: candidates.length > 0 ? "quiet" : "second", data: { file, sha256 } }),
        button("ask_aside", say("aside"), { kind: "quiet", data: { file, sha256 } }))));
}

function problem({ facts: { language } }, { scan: { file, sha256, reason }, is_soft: isSoft }) {
  return h("li", { "data-key": `${sha256} ${file}` }, shape("warn"), h("span", {}, file && [h("b", {}, file), ": "], reason[language]),
    isSoft && button("ask_assign", say("assign.first"), { kind: "second", data: { file, sha256 }, "aria-label": `${say("assign.first")} ${file}` }),
    sha256 && button("ask_aside", say("aside"), { kind: "second", data: { file, sha256 }, "aria-label": `${say("aside")} ${file}` }));
}

function listed(key, title, lines) {
  return lines.length > 0 && h("details", { "data-key": key }, h("summary", {}, title),
    h("ul", { class: "lines" }, lines.map(([{ file, sha256 }, about, canGoBack]) => h("li", { "data-key": `${sha256} ${file}` },
      h("span", {}, h("b", {}, file), `: ${about}`),
      canGoBack && button("back", say("back"), { kind: "second", data: { file, sha256 }, "aria-label": `${say("back")}: ${file}` })))));
}

function paper({ kind, participant, room, pages }) {
  return [say(`kind.${kind}`), participant !== null && `№ ${participant}`, room !== null && say("room", { number: room }), say("scans.pages", { count: pages })].filter(Boolean).join(", ");
}

/** Where the picture of a scan's first page is. */
export function picture(file, sha256) {
  return `/api/scans/page.png?${new URLSearchParams({ file, sha256 })}`;
}
