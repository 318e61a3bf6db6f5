/**
 * The placeholders of a template: the texts between `<` and `>`. `<<` is a literal `<`. Never if the compiler does
 * not know the template.
 */
type Placeholders<S> = S extends `${string}<${infer Rest}`
  ? Rest extends `<${infer After}`
    ? Placeholders<After>
    : Rest extends `${infer Name}>${infer After}`
      ? Name | Placeholders<After>
      : never
  : never;

/** The placeholders of a template, or of several. */
type PlaceholdersOf<K> = Placeholders<TemplateOf<K extends readonly unknown[] ? K[number] : K>>;

/** The template of a resource that is only read, or the template itself. */
type TemplateOf<T> = T extends { readonly shared: infer S } ? S : T;

type RootOf<Name> = WithoutForms<Name> extends `${infer Root}.${string}` ? Root : WithoutForms<Name>;

/** The path in `0.id|int`, without the forms. */
type WithoutForms<Name> = Name extends `${infer Path}|${string}` ? Path : Name;

/** The placeholders whose position the method does not have. */
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

/**
 * Methods whose arguments have the paths of a key, as if each path had a signature of its own. An argument fits if
 * it may have the property, where one could write `order?.id`. Unknown keys, parameters with a name, and deeper
 * parts of a path are not checked.
 *
 * The types are compared in both directions, as methods are and functions are not. This is no intersection, in
 * which the compiler would not look for properties that fit none.
 */
export type MethodWith<K, R> = Signatures<PathsOf<K>, R>['method'];

interface Signatures<Paths extends readonly unknown[], R> {
  method(...args: ArgumentsWith<Paths[0]>): R;
  method(...args: ArgumentsWith<Paths[1]>): R;
  method(...args: ArgumentsWith<Paths[2]>): R;
  method(...args: ArgumentsWith<Paths[3]>): R;
  method(...args: ArgumentsWith<Paths[4]>): R;
  method(...args: ArgumentsWith<Paths[5]>): R;
}

/** The paths of `<0.id>:<1.user.name>` as `['0.id', '1.user.name']`, followed by as many without a path. */
type PathsOf<K> = K extends readonly [infer First, ...infer Rest]
  ? [...PathsIn<TemplateOf<First>>, ...PathsOf<Rest>]
  : [...PathsIn<TemplateOf<K>>, ...NoPaths];

type PathsIn<S> = S extends `${string}<${infer Rest}`
  ? Rest extends `<${infer After}`
    ? PathsIn<After>
    : Rest extends `${infer Name}>${infer After}`
      ? [WithoutForms<Name>, ...PathsIn<After>]
      : []
  : [];

type NoPaths = [never, never, never, never, never, never];

/* oxlint-disable typescript/no-explicit-any -- nothing is asked of them */
/* oxlint-disable typescript/no-generated-empty-object-type -- of a path that is known it has a property */
type ArgumentsWith<Path> = [
  ...[At<'0', Path>, At<'1', Path>, At<'2', Path>, At<'3', Path>],
  ...[At<'4', Path>, At<'5', Path>, At<'6', Path>, At<'7', Path>],
  ...any[],
];

/**
 * The type of an argument. An index of an array is not checked, since the compiler would say that it is no
 * property.
 */
type At<Name extends string, Path> = [Behind<Name, Path>] extends [`${bigint}${string}`]
  ? any
  : MayHave<Behind<Name, Path>>;

/** An argument, or a part of one, whose path a key names: without a value it is told of at the call. */
type MayHave<Path> = Having<Path> | null | undefined;
/* oxlint-enable typescript/no-explicit-any, typescript/no-generated-empty-object-type */

/**
 * An object that may have a property. The type is weak, so that the compiler refuses objects without the property.
 */
type Having<Path> = { readonly [Name in RootOf<Path> & string]?: At<Name, Path> };

/** The rest of a path that begins with this name. */
type Behind<Name extends string, Path> = Path extends `${Name}.${infer Rest}` ? Rest : never;

/** The paths of a key that an argument lacks, each with the types in which it is missing: `['0.id', Draft]`. */
export type WrongPath<K, Args extends readonly unknown[]> = WrongOf<WithoutForms<PlaceholdersOf<K>>, Args>;

type WrongOf<Path, Args extends readonly unknown[]> = Path extends `${infer Root}.${infer Rest}`
  ? Root extends keyof Args
    ? Lacking<Args[Root], Rest> extends infer Type
      ? [Type] extends [never]
        ? never
        : [Path, Type]
      : never
    : never
  : never;

/* oxlint-disable typescript/no-generated-empty-object-type -- of a path that is known it has a property */
/** The members of a type that have no such path, as `MethodWith` sees it. */
type Lacking<Value, Path extends string> =
  Value extends MayHave<Path>
    ? never
    : [MayHave<Path>] extends [Value]
      ? never
      : Path extends `${infer Root}.${infer Rest}`
        ? Root extends keyof Value
          ? Lacking<Value[Root], Rest>
          : Value
        : Value;
/* oxlint-enable typescript/no-generated-empty-object-type */
