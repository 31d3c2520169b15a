import { localTimes } from "./localtime.js";

localTimes();
