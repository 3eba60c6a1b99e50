import { render } from "preact";
import { installTheme } from "../theme";
import { Reference } from "./reference";
import "../style/tokens.css";
import "../style/base.css";
import "./reference.css";

installTheme();
const place = document.getElementById("reference");
if (place !== null) render(<Reference />, place);
