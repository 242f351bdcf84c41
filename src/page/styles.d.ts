/** Style sheets: esbuild takes them into the bundle. */
declare module "*.css";
