export interface Payment {
  readonly id: string;
  readonly orderId: string;
}
