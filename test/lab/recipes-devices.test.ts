/** The printed commands about devices and ports. */
import { testRecipes } from "./recipes.js";

testRecipes("devices");
