import { IsInt, IsPositive, Matches } from 'class-validator';

export class PlaceOrderDto {
  @Matches(/^[a-z0-9-]+$/)
  sku!: string;

  @IsInt()
  @IsPositive()
  quantity!: number;
}
