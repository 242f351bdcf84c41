/** The printed commands about traffic, methods and results. */
import { testRecipes } from "./recipes.js";

testRecipes("traffic");
