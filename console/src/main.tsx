import { render } from "preact";
import { Console } from "./console";
import { installTheme } from "./theme";
import "./style/tokens.css";
import "./style/base.css";
import "./style/components.css";
import "./style/pages.css";

installTheme();
const place = document.getElementById("console");
if (place !== null) render(<Console />, place);
