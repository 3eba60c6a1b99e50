/** Draws the charts of the page that `headway simulate --html` writes, from the numbers that it holds. */
import { render } from "preact";
import { Chart, type Line } from "../charts/chart";
import { NUMBER, TIME } from "../charts/units";
import { followSystem } from "../paint";
import "./page.css";

/** What planner/simulation/page.py writes; times are in seconds. */
interface Curves {
  duration: number;
  at: number[];
  charts: { label: string; isTime: boolean; lines: Line[] }[];
}

function Charts({ duration, at, charts }: Curves) {
  return (
    <>
      {charts.map(({ label, isTime, lines }) => (
        <Chart
          key={label}
          label={label}
          at={at}
          lines={lines}
          unit={isTime ? TIME : NUMBER}
          time={TIME}
          range={duration}
          cursor="simulated"
          end="at the end"
        />
      ))}
    </>
  );
}

const place = document.getElementById("charts");
const curves = document.getElementById("curves")?.textContent;
if (place !== null && curves !== undefined && curves !== null) render(<Charts {...(JSON.parse(curves) as Curves)} />, place);
followSystem();
