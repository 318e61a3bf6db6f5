/** What the compiler says of a key that does not fit its method. Nothing here runs: `tsc -p tsconfig.json` is the test. */
import { Locked } from '../../lib';
import type { HasPropertiesOf, MismatchIn } from '../../lib/calls/locked-decorator.interface';

interface Order {
  id: string;
  buyer?: { id: number } | Company;
}
interface Draft {
  text: string;
}
interface Company {
  vat: string;
}

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
const same = <A, B>(_same: Same<A, B>): void => undefined;

type Lacks<Placeholder extends string, Type> = MismatchIn<
  `<${Placeholder}> names a property that this type does not have`,
  Type
>;

export function says(): void {
  // The member of the union that has no such property, and not those that have it, or that are missing.
  same<HasPropertiesOf<'<0.id>', (order: Order | Draft | null) => Promise<void>>, Lacks<'0.id', Draft>>(true);
  same<HasPropertiesOf<'<0.id>', (order?: Order | string) => Promise<void>>, Lacks<'0.id', string>>(true);
  same<HasPropertiesOf<'<1.id|int>', (a: string, b: Draft) => Promise<void>>, Lacks<'1.id', Draft>>(true);
  same<HasPropertiesOf<'<0.no>', (o: Order | Draft) => Promise<void>>, Lacks<'0.no', Order | Draft>>(true);
  // Further down the one that is there.
  same<HasPropertiesOf<'<0.buyer.id>', (order: Order) => Promise<void>>, Lacks<'0.buyer.id', Company>>(true);
  // Nothing of an argument that may have anything.
  same<
    HasPropertiesOf<'<0.id>:<1.id>', (anything: unknown, draft: Draft) => Promise<void>>,
    Lacks<'1.id', Draft>
  >(true);
  // Of several each.
  same<
    HasPropertiesOf<['<0.id>', { shared: '<1.text>' }], (a: Draft, b: Order) => Promise<void>>,
    Lacks<'0.id', Draft> | Lacks<'1.text', Order>
  >(true);
  same<HasPropertiesOf<'<0.id>:<1>:<0.buyer>', (order: Order, line: number) => Promise<void>>, unknown>(true);
  same<HasPropertiesOf<'<0.id>', (anything: unknown) => Promise<void>>, unknown>(true);
}

export class Orders {
  // @ts-expect-error a draft has no id
  @Locked('order:<0.id>')
  async oneMember(_order: Order | Draft): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error a company has no id
  @Locked('order:<0.buyer.id>')
  async furtherDown(_order: Order): Promise<void> {
    await Promise.resolve();
  }

  @Locked('order:<0.id>')
  async everyMember(_order: Order | { id: number; text: string } | undefined): Promise<void> {
    await Promise.resolve();
  }
}
