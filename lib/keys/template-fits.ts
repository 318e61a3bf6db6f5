/** What stands between `<` and `>` in a template; `<<` is a mere `<`. Never where the template is not known to the compiler. */
type Placeholders<S> = S extends `${string}<${infer Rest}`
  ? Rest extends `<${infer After}`
    ? Placeholders<After>
    : Rest extends `${infer Name}>${infer After}`
      ? Name | Placeholders<After>
      : never
  : never;

/** The placeholders of a template, or of several. */
type PlaceholdersOf<K> = Placeholders<TemplateOf<K extends readonly unknown[] ? K[number] : K>>;

/** The template itself, where the resource is only read. */
type TemplateOf<T> = T extends { readonly shared: infer S } ? S : T;

type RootOf<Name> = Name extends `${infer Root}.${string}` ? Root : Name;

/** Those at whose position the method has no argument. */
type WrongPosition<Name extends string, Args extends readonly unknown[]> = Name extends string
  ? RootOf<Name> extends `${bigint}`
    ? number extends Args['length']
      ? never
      : RootOf<Name> extends keyof Args
        ? never
        : Name
    : never
  : never;

/** The placeholders of a key that no argument of the method can fill. */
export type WrongInKey<K, Args extends readonly unknown[]> = WrongPosition<PlaceholdersOf<K>, Args>;
