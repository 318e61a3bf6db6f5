export interface Order {
  readonly id: string;
  readonly sku: string;
  readonly quantity: number;
  readonly status: 'placed' | 'paid' | 'shipped';
  /** The carrier's number of the parcel, once it is shipped. */
  readonly parcel?: string;
}
