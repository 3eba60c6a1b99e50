import { expect, it } from "vitest";
import { asked, isFiltered, requestQuery, statusChoices } from "../src/pages/deployment/request_query";
import { betweenOf, lastOf, localOf, spanOf, unixOf } from "../src/pages/deployment/span";
import { parts, scaleOf } from "../src/pages/deployment/waterfall";
import { changedHash } from "../src/router";

const of = (query: string) => requestQuery(new URLSearchParams(query));

it("filters go from the address to the API in the same words", () => {
  const query = of("status=5xx,429&outcome=lost&replica=r-1&stage=predict&slower_than=0.5&id=2a&last=300&sort_by=queue&page=3");
  expect(asked(query)).toBe(
    "status=5xx&status=429&outcome=lost&replica=r-1&stage=predict&slower_than=0.5&id=2a&seconds=300&sort_by=queue&limit=100&offset=200",
  );
  expect(isFiltered(query)).toBe(true);
});

it("an address without filters asks for what ended last", () => {
  expect(asked(of("tab=requests&bars=own"))).toBe("sort_by=ended_at&limit=100");
  expect([isFiltered(of("sort_by=queue&page=2")), of("bars=own").isEachOnItsOwn]).toEqual([false, true]);
});

it("what is no filter in an address is passed over", () => {
  expect(asked(of("sort_by=size&page=-2&slower_than=soon&last="))).toBe("sort_by=ended_at&limit=100");
});

it("a list that stands still ends where it did, or earlier if that is asked for", () => {
  expect(asked(of("before=500"))).toContain("until=500");
  expect(asked(of("before=500&until=300"))).toContain("until=300");
  expect(asked(of("before=500&last=60"))).toContain("seconds=60&until=500");
});

it("instants win over the last so many seconds, and each change forgets the other", () => {
  expect(spanOf(new URLSearchParams("last=60&since=5"))).toEqual({ seconds: null, since: 5, until: null });
  expect(changedHash("#/a?last=60&page=4&before=9", betweenOf(5, null))).toBe("#/a?since=5");
  expect(changedHash("#/a?since=5&until=9", lastOf(300))).toBe("#/a?last=300");
});

it("an instant passes through its field to the second", () => {
  for (const unix of [0, 1_767_268_805, 1_751_371_200]) expect(unixOf(localOf(unix))).toBe(unix);
  expect([unixOf(""), localOf(null)]).toEqual([null, ""]);
});

it("statuses are offered by class, with how many there are", () => {
  expect(statusChoices({ "429": 7, "200": 3, "404": 1, none: 2 })).toEqual([
    ["2xx", 3],
    ["200", 3],
    ["4xx", 8],
    ["404", 1],
    ["429", 7],
    ["none", 2],
  ]);
});

it("bars on one scale are as long as their times", () => {
  const requests = [{ seconds: 4 }, { seconds: 1 }];
  expect(scaleOf(requests)).toBe(4);
  expect(parts({ predict: 1 }, 1, scaleOf(requests))).toEqual([{ stage: "predict", seconds: 1, share: 0.25 }]);
  expect(parts({ predict: 1 }, 1)).toEqual([{ stage: "predict", seconds: 1, share: 1 }]);
  expect(scaleOf([])).toBe(0);
});
