/* paperscout-scheduler */

int main(void)
{
    return 1;
}
